using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Evaluation;

/// <summary>A comparison as a JSON document: results.json beside its page.</summary>
public static class ComparisonFile
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new Numbers() },
    };

    /// <summary>The document. What there is nothing to take of is null.</summary>
    public static string Write(Comparison comparison) => JsonSerializer.Serialize(comparison, Json) + "\n";

    /// <summary>The document of <c>align</c>'s results, in the same form.</summary>
    public static string Write(AlignResults results) => JsonSerializer.Serialize(results, Json) + "\n";

    // JSON has no NaN
    private sealed class Numbers : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Null ? double.NaN : reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value)) writer.WriteNumberValue(value);
            else writer.WriteNullValue();
        }
    }
}
