using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>Reads JSON so strictly that whoever reads it later must understand the same: no name twice, no broken escape, no broken UTF-8.</summary>
internal static class StrictJson
{
    private const int Depth = 64;
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = Depth };

    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A text in it cannot be read.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        JsonNode? node = JsonNode.Parse(json, null, Options);
        CheckTexts(json);
        return node;
    }

    /// <summary>How deep JSON may be nested.</summary>
    public static int MostLevels => Depth;

    /// <summary>Whether what cannot be read is nested too deep, and sound up to there.</summary>
    public static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = Depth + 1 });
        try
        {
            while (reader.Read())
                if (reader.CurrentDepth >= Depth && reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) return true;
        }
        catch (JsonException)
        {
            // then that is the fault
        }
        return false;
    }

    /// <summary>Whether an error says that what was to be read is no sound JSON.</summary>
    public static bool IsFault(Exception error) => error is JsonException or InvalidOperationException or ArgumentException or FormatException;

    // Nodes read their texts only when asked; a text that is broken must be known before.
    private static void CheckTexts(ReadOnlySpan<byte> json)
    {
        Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = Depth });
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && (reader.ValueIsEscaped || !Ascii.IsValid(reader.ValueSpan)))
                reader.GetString();
    }
}
