using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Training;

/// <summary>A small state as JSON: a cursor, a multiplier, a random stream, counters. Numbers come back exactly.</summary>
/// <typeparam name="T">The state: something that System.Text.Json reads and writes whole.</typeparam>
/// <param name="get">Gives the state.</param>
/// <param name="set">Takes it back.</param>
public sealed class JsonPart<T>(Func<T> get, Action<T> set) : ITrainingPart
{
    private const string FileName = "state.json";
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <inheritdoc/>
    public void Save(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(get(), Options));

    /// <inheritdoc/>
    public void Load(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            set(JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Options) ?? throw new InvalidInputException($"{path}: the state is empty."));
        }
        catch (Exception error) when (error is JsonException or IOException)
        {
            throw DiskErrors.Unreadable(path, error, "the checkpoint belongs to another recipe");
        }
    }
}
