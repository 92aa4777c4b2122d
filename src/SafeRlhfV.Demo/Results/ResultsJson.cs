using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Demo;

/// <summary>
/// Writes and reads results.json, and timing.json beside it. The figures and the times are apart, so that two runs of one seed on one machine give
/// results.json byte for byte.
/// </summary>
public static class ResultsJson
{
    /// <summary>The file of times, in the folder of the results.</summary>
    public const string TimingFileName = "timing.json";

    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // a file, not a web page: keep the text readable
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase), new UndefinedNumberConverter() },
    };

    /// <summary>
    /// Writes the figures to <paramref name="path"/> and the times, where there are any, to timing.json beside it; neither is ever half-written.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder cannot be written to.</exception>
    public static void Write(DemoResults results, string path)
    {
        AtomicFile.Write(path, stream => Serialize(stream, results with { Timing = null }));
        if (results.Timing is not null) AtomicFile.Write(TimingPath(path), stream => Serialize(stream, results.Timing));
    }

    /// <summary>Reads what <see cref="Write"/> wrote, the times included where their file is there.</summary>
    /// <exception cref="InvalidInputException">A file is missing, not JSON, of another schema, or lacks a required member.</exception>
    public static DemoResults Read(string path)
    {
        DemoResults results = Parse<DemoResults>(path);
        if (results.Schema != DemoResults.CurrentSchema)
            throw new InvalidInputException($"{path} has schema {results.Schema}, this version reads {DemoResults.CurrentSchema}: run the demo again.");
        return File.Exists(TimingPath(path)) ? results with { Timing = Parse<RunTiming>(TimingPath(path)) } : results;
    }

    private static string TimingPath(string path) => Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, TimingFileName);

    private static void Serialize<T>(Stream stream, T value)
    {
        JsonSerializer.Serialize(stream, value, Options);
        stream.WriteByte((byte)'\n');
    }

    private static T Parse<T>(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            return JsonSerializer.Deserialize<T>(stream, Options) ?? throw new InvalidInputException($"{path} holds null, not results: run the demo again.");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path}, line {error.LineNumber + 1}: not results as the demo writes them "
                + $"({error.Message.ReplaceLineEndings(" ")}).", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Unreadable(path, error);
        }
    }

    /// <summary>JSON has no NaN: an undefined figure is null.</summary>
    private sealed class UndefinedNumberConverter : JsonConverter<double>
    {
        public override bool HandleNull => true;

        public override double Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => reader.TokenType switch
        {
            JsonTokenType.Null => double.NaN,
            JsonTokenType.String when reader.ValueTextEquals("Infinity") => double.PositiveInfinity,
            JsonTokenType.String when reader.ValueTextEquals("-Infinity") => double.NegativeInfinity,
            _ => reader.GetDouble(),
        };

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsNaN(value)) writer.WriteNullValue();
            else if (double.IsInfinity(value)) writer.WriteStringValue(value > 0 ? "Infinity" : "-Infinity");
            else writer.WriteNumberValue(value);
        }
    }
}
