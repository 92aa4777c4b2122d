using System.Text.Json;

namespace SafeRlhfV.Evaluation;

/// <summary>A model's answers to a benchmark, as files of them hold them.</summary>
public sealed class AnswerSet
{
    private static readonly JsonSerializerOptions Json = new()
    {
        AllowDuplicateProperties = false,
        PropertyNameCaseInsensitive = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private readonly Dictionary<string, List<ModelAnswer>> answers = [];

    private AnswerSet(string place) => Place = place;

    /// <summary>The folder that they were read from.</summary>
    public string Place { get; }

    /// <summary>Reads the answers of a benchmark in a result's folder: one file, or one a shard, each whole.</summary>
    /// <param name="folder">The benchmark's folder in a result.</param>
    /// <exception cref="InvalidInputException">There are none, or a line is none.</exception>
    public static AnswerSet Read(string folder)
    {
        string[] files = Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "answers*.jsonl").Order(StringComparer.Ordinal)] : [];
        if (files.Length == 0)
            throw new InvalidInputException(Directory.Exists(folder) && Directory.EnumerateFiles(folder, "answers*.partial").Any()
                ? $"{folder}: its answers are not whole; run 'eval answers' again, which continues after them."
                : $"{folder}: holds no answers; 'eval answers' writes them.");
        AnswerSet set = new(folder);
        foreach (string file in files)
            foreach ((int number, string line) in DiskErrors.Reading(file, () => File.ReadAllLines(file)).Index().Where(line => line.Item.Length > 0))
                set.Add(JsonLine.Read<ModelAnswer>(line, Json, $"{file}: line {number + 1}",
                    "is no answer; each line needs item, sample, question and response, as 'eval answers' writes them"));
        return set;
    }

    /// <summary>The answers to an item in the order in which they were drawn; none where there are none.</summary>
    /// <exception cref="InvalidInputException">They answer another question.</exception>
    public IReadOnlyList<ModelAnswer> Of(BenchmarkItem item)
    {
        if (!answers.TryGetValue(item.Id, out List<ModelAnswer>? list)) return [];
        return list.TrueForAll(answer => answer.Question == item.QuestionText) ? list
            : throw new InvalidInputException($"{Place}: the answer to {item.Id} is one to another question; the benchmark's files changed since.");
    }

    /// <summary>An answer as a line holds it; null where it is none.</summary>
    public static ModelAnswer? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize<ModelAnswer>(line, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private void Add(ModelAnswer answer)
    {
        if (!answers.TryGetValue(answer.Item, out List<ModelAnswer>? list)) answers[answer.Item] = list = [];
        if (list.Exists(other => other.Sample == answer.Sample))
            throw new InvalidInputException($"{Place}: {answer.Item} is answered twice as sample {answer.Sample}; keep one of its files of answers.");
        list.Add(answer);
        list.Sort((one, other) => one.Sample.CompareTo(other.Sample));
    }
}
