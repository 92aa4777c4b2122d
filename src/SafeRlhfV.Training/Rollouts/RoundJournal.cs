using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Training;

/// <summary>
/// What servers answered in a round, one file a draw, on the disk before the first update. Servers do not repeat to the bit, so a resumed run takes the rounds
/// after its checkpoint from here, and ends in the bits of an unbroken one.
/// </summary>
/// <param name="name">What is kept: the name of its folder in the run's folder, and of its list in a file.</param>
/// <param name="folder">The run's folder; null = nothing is kept.</param>
/// <param name="recipe">The run's recipe without its places: rounds of another one are not taken.</param>
internal sealed class RoundJournal<T>(string name, string? folder, string? recipe)
{
    private const string Prefix = "round-", RecipeKey = "recipe", AskedKey = "prompts";
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
    };

    private readonly string print = Print(recipe ?? "");

    /// <summary>Whether a draw of a round is kept, whatever was asked in it.</summary>
    public bool Has(long round, int draw) => folder is not null && File.Exists(PathOf(round, draw));

    /// <summary>The answers of a draw, one to each sample; null where they are not kept, or are of other samples or another recipe.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public IReadOnlyList<T>? Read(long round, int draw, IReadOnlyList<EncodedSample> samples)
    {
        if (!Has(round, draw)) return null;
        string path = PathOf(round, draw);
        try
        {
            JsonObject entry = JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new JsonException("it is no object");
            string Text(string key) => (string?)entry[key] ?? throw new JsonException($"it has no {key}");
            if (Text(RecipeKey) != print || Text(AskedKey) != PrintOf(samples)) return null;
            T[] kept = entry[name].Deserialize<T[]>(Json) ?? throw new JsonException($"it has no {name}");
            return kept.Length == samples.Count ? kept : throw new JsonException($"it has {kept.Length} {name}, and {samples.Count} belong there");
        }
        catch (Exception error) when (error is JsonException or IOException or InvalidOperationException)
        {
            throw DiskErrors.Unreadable(path, error, "delete it, and the servers are asked again");
        }
    }

    /// <summary>Keeps a draw of a round.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Write(long round, int draw, IReadOnlyList<EncodedSample> samples, IReadOnlyList<T> answers)
    {
        if (folder is null) return;
        JsonObject entry = new() { [RecipeKey] = print, [AskedKey] = PrintOf(samples), [name] = JsonSerializer.SerializeToNode(answers, Json) };
        AtomicFile.Write(PathOf(round, draw), JsonSerializer.SerializeToUtf8Bytes(entry));
        // a run never goes back behind its oldest checkpoint
        if (TrainingRun.CheckpointSteps(folder) is not [.., var oldest]) return;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, name), $"{Prefix}*.json"))
            if (long.TryParse(Path.GetFileName(file)[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long old)
                && old < oldest) File.Delete(file);
    }

    private string PathOf(long round, int draw) =>
        Path.Combine(folder!, name, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{round:D8}{(draw == 0 ? "" : $".{draw}")}.json"));

    // rows are named, too, since their images are not in the ids
    private static string PrintOf(IReadOnlyList<EncodedSample> samples) => Print(string.Join('\n', samples.Select(sample =>
        $"{sample.Row?.Source} {string.Join(' ', sample.Prompt)}{(sample.Response.Length == 0 ? "" : $" > {string.Join(' ', sample.Response)}")}")));

    private static string Print(string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
