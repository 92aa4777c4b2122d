using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// The metrics of a run, a JSON line a step. Only what follows from recipe, data and seed stands in it, so that the file of a resumed run equals that of an
/// unbroken one; times go to a file of their own, which keeps what each process did.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    /// <summary>The file of the figures, in a run's folder.</summary>
    public const string FileName = "metrics.jsonl";

    /// <summary>The file of what depends on the clock, in a run's folder.</summary>
    public const string TimesFileName = "times.jsonl";
    private readonly FileStream metrics, times;

    /// <summary>Opens the logs of a run that stands at a checkpoint.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="kept">The metrics that the checkpoint holds; null: none, the run begins.</param>
    public MetricsLog(string folder, byte[]? kept)
    {
        string path = Path.Combine(folder, FileName);
        if (kept is not null) AtomicFile.Write(path, kept);
        metrics = new FileStream(path, kept is null ? FileMode.Create : FileMode.Append, FileAccess.Write, FileShare.Read);
        times = new FileStream(Path.Combine(folder, TimesFileName), kept is null ? FileMode.Create : FileMode.Append, FileAccess.Write, FileShare.Read);
    }

    /// <summary>Adds a step's figures.</summary>
    public void Add(long step, IReadOnlyDictionary<string, double> values)
    {
        metrics.Write(Line(step, values));
        metrics.Flush();
    }

    /// <summary>Adds what a step took, and when it was finished.</summary>
    public void AddTimes(long step, DateTimeOffset now, IReadOnlyDictionary<string, double> values)
    {
        times.Write(Line(step, values.Prepend(KeyValuePair.Create("time", now.ToUnixTimeMilliseconds() / 1000.0))));
        times.Flush();
    }

    /// <summary>Puts the metrics so far into a checkpoint.</summary>
    public void CopyTo(string folder)
    {
        metrics.Flush(flushToDisk: true);
        File.Copy(metrics.Name, Path.Combine(folder, FileName));
    }

    /// <summary>The lines of a metrics file: step and values.</summary>
    public static IEnumerable<(long Step, IReadOnlyDictionary<string, double> Values)> Read(string path)
    {
        foreach (string line in File.ReadLines(path))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            Dictionary<string, double> values = [];
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
                if (property.Name != "step") values.Add(property.Name,
                    property.Value.ValueKind == JsonValueKind.String ? Special(property.Value.GetString()!) : property.Value.GetDouble());
            yield return (document.RootElement.GetProperty("step").GetInt64(), values);
        }
    }

    /// <summary>When each step was last finished. A line that a kill cut short is left out.</summary>
    public static Dictionary<long, DateTimeOffset> ReadTimes(string path)
    {
        Dictionary<long, DateTimeOffset> times = [];
        if (!File.Exists(path)) return times;
        foreach (string line in File.ReadLines(path))
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(line);
                times[document.RootElement.GetProperty("step").GetInt64()] =
                    DateTimeOffset.FromUnixTimeMilliseconds((long)(document.RootElement.GetProperty("time").GetDouble() * 1000));
            }
            catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                continue;
            }
        }
        return times;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        metrics.Dispose();
        times.Dispose();
    }

    // JSON knows no NaN or infinity: they are written as text
    private static byte[] Line(long step, IEnumerable<KeyValuePair<string, double>> values)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"{{\"step\":{step}");
        foreach ((string name, double value) in values)
        {
            line.Append(CultureInfo.InvariantCulture, $",{JsonSerializer.Serialize(name)}:");
            if (double.IsFinite(value)) line.Append(value.ToString("R", CultureInfo.InvariantCulture));
            else line.Append(CultureInfo.InvariantCulture, $"\"{value}\"");
        }
        return Encoding.UTF8.GetBytes(line.Append("}\n").ToString());
    }

    private static double Special(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
