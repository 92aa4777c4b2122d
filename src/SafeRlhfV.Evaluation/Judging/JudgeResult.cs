using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>A judge's result in a folder: judge.json says who was judged by whom, items.jsonl what was said of each prompt.</summary>
/// <param name="Candidate">The name of the model that was judged.</param>
/// <param name="Baseline">The name of the model that it was judged against.</param>
/// <param name="Judge">The judge's name.</param>
/// <param name="Identity">Everything that could change a verdict: model, address, rubric and mode; the name where it says all.</param>
/// <param name="Items">The prompts.</param>
public sealed record JudgeResult(string Candidate, string Baseline, string Judge, string Identity,
    IReadOnlyList<JudgedItem> Items)
{
    /// <summary>The name of the file that a result's folder is known by.</summary>
    public const string FileName = "judge.json";

    private const string ItemsName = "items.jsonl";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>The judge in a few letters: its name without a folder, and what tells it from another of that name.</summary>
    public string Label => Identity == Judge ? Judge : $"judge {Path.GetFileName(Path.TrimEndingDirectorySeparator(Judge))} "
        + $"({Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Identity)))[..8]})";

    /// <summary>Whether a folder is a judge's result.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Writes the result.</summary>
    /// <param name="folder">The folder; created where it is missing.</param>
    /// <param name="report">The document for judge.json: candidateName, baselineName, judge, identity and the figures.</param>
    /// <exception cref="InvalidInputException">A file cannot be written.</exception>
    public void Write(string folder, string report)
    {
        Directory.CreateDirectory(folder);
        StringBuilder text = new();
        foreach (JudgedItem item in Items) text.Append(JsonSerializer.Serialize(item, Json)).Append('\n');
        AtomicFile.Write(Path.Combine(folder, ItemsName), text.ToString());
        AtomicFile.Write(Path.Combine(folder, FileName), report);
    }

    /// <summary>Reads a result.</summary>
    /// <exception cref="InvalidInputException">A file is missing or is none of a judge's result.</exception>
    public static JudgeResult Read(string folder)
    {
        (string about, string items) = (Path.Combine(folder, FileName), Path.Combine(folder, ItemsName));
        if (!File.Exists(items)) throw new InvalidInputException($"{folder}: lacks {ItemsName}; 'eval judge --out' writes it.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(DiskErrors.Reading(about, () => File.ReadAllText(about)));
            string Text(string name) => document.RootElement.GetProperty(name).GetString() ?? throw new JsonException($"{name} is null");
            return new JudgeResult(Text("candidateName"), Text("baselineName"), Text("judge"), Text("identity"),
                [.. DiskErrors.Reading(items, () => File.ReadAllLines(items)).Where(line => line.Length > 0)
                    .Select(line => JsonSerializer.Deserialize<JudgedItem>(line, Json) ?? throw new JsonException("null is no item"))]);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidInputException($"{folder}: is no result of 'eval judge --out' ({ErrorText.FirstLine(error).TrimEnd('.')}); judge again.", error);
        }
    }
}
