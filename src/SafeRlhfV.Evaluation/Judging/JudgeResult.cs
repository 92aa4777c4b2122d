using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
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

    /// <summary>The files of a result beside it: items, and verdicts as they come.</summary>
    public const string ItemsName = "items.jsonl", VerdictsName = "verdicts.jsonl";

    private const string WorkName = "work";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        AllowDuplicateProperties = false,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false) },
    };

    /// <summary>The judge in a few letters: its name without a folder, and what tells it from another of that name.</summary>
    public string Label => Identity == Judge ? Judge : $"judge {Path.GetFileName(Path.TrimEndingDirectorySeparator(Judge))} "
        + $"({Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Identity)))[..8]})";

    /// <summary>Whether a folder is a judge's result.</summary>
    public static bool IsIn(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>What a result in a folder was made from, as its report says; null where the folder holds none, or one that does not say.</summary>
    /// <exception cref="InvalidInputException">Its judge.json cannot be read.</exception>
    public static JsonObject? WorkIn(string folder)
    {
        string about = Path.Combine(folder, FileName);
        if (!File.Exists(about)) return null;
        try
        {
            return (JsonNode.Parse(DiskErrors.Reading(about, () => File.ReadAllText(about))) as JsonObject)?[WorkName] as JsonObject;
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{about}: is damaged ({ErrorText.FirstLine(error).TrimEnd('.')}); replace it with --overwrite.", error);
        }
    }

    /// <summary>Writes the result. A kill on the way leaves the old result, none, or the new one.</summary>
    /// <param name="folder">The folder; created where it is missing.</param>
    /// <param name="report">The document for judge.json: candidateName, baselineName, judge, identity, what it was made from ("work") and the figures.</param>
    /// <exception cref="InvalidInputException">A file cannot be written.</exception>
    public void Write(string folder, string report)
    {
        Directory.CreateDirectory(folder);
        StringBuilder text = new();
        File.Delete(Path.Combine(folder, FileName));
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
            JudgeResult result = new(Text("candidateName"), Text("baselineName"), Text("judge"), Text("identity"),
                [.. DiskErrors.Reading(items, () => File.ReadAllLines(items)).Where(line => line.Length > 0)
                    .Select(line => JsonSerializer.Deserialize<JudgedItem>(line, Json) ?? throw new JsonException("null is no item"))]);
            return result.Items.GroupBy(item => (item.Id, item.Sample)).FirstOrDefault(group => group.Count() > 1) is { } twice
                ? throw new JsonException($"{ItemsName} holds {twice.Key.Id} twice") : result;
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidInputException($"{folder}: is no result of 'eval judge --out' ({ErrorText.FirstLine(error).TrimEnd('.')}); judge again.", error);
        }
    }
}
