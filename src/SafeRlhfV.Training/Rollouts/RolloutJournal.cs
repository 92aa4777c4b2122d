using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Training;

/// <summary>
/// The rollouts of a run, one file a round, on the disk before the first update. Servers do not repeat to the bit, so a resumed run takes the rounds after
/// its checkpoint from here, and ends in the bits of an unbroken one.
/// </summary>
/// <param name="folder">The run's folder; null = nothing is kept.</param>
/// <param name="recipe">The run's recipe without its places: rounds of another one are not taken.</param>
internal sealed class RolloutJournal(string? folder, string? recipe)
{
    private const string Name = "rollouts", Prefix = "round-";
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.Strict,
    };

    private readonly string print = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(recipe ?? "")));

    /// <summary>The rollouts of a round; null where they are not kept, or are of other prompts or another recipe.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public IReadOnlyList<Rollout>? Read(long round, int draw, IReadOnlyList<EncodedSample> prompts)
    {
        if (folder is null || PathOf(round, draw) is var path && !File.Exists(path)) return null;
        try
        {
            Entry entry = JsonSerializer.Deserialize<Entry>(File.ReadAllBytes(path), Json)!;
            return entry.Recipe == print && entry.Prompts == PrintOf(prompts) ? entry.Rollouts : null;
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            throw DiskErrors.Unreadable(path, error, "delete it, and the round is sampled again");
        }
    }

    /// <summary>Keeps a round.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Write(long round, int draw, IReadOnlyList<EncodedSample> prompts, IReadOnlyList<Rollout> rollouts)
    {
        if (folder is null) return;
        AtomicFile.Write(PathOf(round, draw), JsonSerializer.SerializeToUtf8Bytes(new Entry(print, PrintOf(prompts), rollouts), Json));
        // a run never goes back behind its oldest checkpoint
        if (TrainingRun.CheckpointSteps(folder) is not [.., var oldest]) return;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, Name), $"{Prefix}*.json"))
            if (long.TryParse(Path.GetFileName(file)[Prefix.Length..].Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long old)
                && old < oldest) File.Delete(file);
    }

    private string PathOf(long round, int draw) =>
        Path.Combine(folder!, Name, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{round:D8}{(draw == 0 ? "" : $".{draw}")}.json"));

    private static string PrintOf(IReadOnlyList<EncodedSample> prompts) =>
        Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', prompts
            .Select(prompt => $"{prompt.Row?.Source} {string.Join(' ', prompt.Prompt)}")))));

    private sealed record Entry(string Recipe, string Prompts, IReadOnlyList<Rollout> Rollouts);
}
