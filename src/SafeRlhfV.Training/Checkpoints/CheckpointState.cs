using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Training;

/// <summary>What a checkpoint says of the run beside its parts.</summary>
/// <param name="Name">The run's name.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Total">Steps of the whole run.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Parts">Names of the parts.</param>
/// <param name="Metrics">The metrics of the last step.</param>
internal sealed record CheckpointState(string Name, long Step, long Total, long Seed, IReadOnlyList<string> Parts, IReadOnlyDictionary<string, double> Metrics)
{
    /// <summary>The mean of the metric that decides which checkpoint is the best; null without one.</summary>
    public double? Best { get; init; }

    /// <summary>The files that the run is made from; null where they were not looked at.</summary>
    public IReadOnlyList<InputPrint>? Inputs { get; init; }

    /// <summary>What was counted in the inputs before the first step, by name; null in checkpoints that keep none.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Counts { get; init; }

    public const string FileName = "run.json";
    internal static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
    };

    public void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, Options));

    /// <summary>The same, or null where the file is missing or malformed.</summary>
    public static CheckpointState? TryRead(string folder)
    {
        try
        {
            return Read(folder);
        }
        catch (InvalidInputException)
        {
            return null;
        }
    }

    /// <exception cref="InvalidInputException">The file is missing or malformed.</exception>
    public static CheckpointState Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return JsonSerializer.Deserialize<CheckpointState>(File.ReadAllBytes(path), Options) ?? throw new InvalidInputException($"{path}: is empty.");
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            throw DiskErrors.Unreadable(path, error);
        }
    }
}
