using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Gateway;

/// <summary>Reads JSON so strictly that whoever reads it later must understand the same: no name twice, no broken escape, no broken UTF-8.</summary>
internal static partial class StrictJson
{
    private const int Depth = 64;
    private static readonly UTF8Encoding Utf8 = new(false, throwOnInvalidBytes: true);
    private static readonly JsonDocumentOptions Options = new() { AllowDuplicateProperties = false, MaxDepth = Depth };

    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A text in it cannot be read.</exception>
    public static JsonNode? Parse(ReadOnlySpan<byte> json)
    {
        JsonNode? node = JsonNode.Parse(json, null, Options);
        CheckTexts(json);
        return node;
    }

    /// <summary>An answer of a model, or a chunk of one: as strict, but half a character (<c>\ud83d</c>) stays in its text as it is.</summary>
    /// <param name="json">The JSON.</param>
    /// <param name="hasHalves">Whether there are any.</param>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A name in it cannot be read.</exception>
    /// <exception cref="ArgumentException">A text in it is no UTF-8.</exception>
    public static JsonNode? ParseAnswer(ReadOnlySpan<byte> json, out bool hasHalves)
    {
        hasHalves = false;
        JsonNode? node = JsonNode.Parse(json, null, Options);
        try
        {
            CheckTexts(json);
            return node;
        }
        catch (InvalidOperationException)
        {
            hasHalves = true;
            return WithHalves(node);
        }
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

    private static JsonNode? WithHalves(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject members: return new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, WithHalves(member.Value))));
            case JsonArray list: return new JsonArray([.. list.Select(WithHalves)]);
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                string written = Utf8.GetString(JsonMarshal.GetRawUtf8Value(value.GetValue<JsonElement>()))[1..^1];
                return JsonValue.Create(Escape().Replace(written, one => one.ValueSpan[1] switch
                {
                    'u' => ((char)ushort.Parse(one.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
                    'n' => "\n",
                    'r' => "\r",
                    't' => "\t",
                    'b' => "\b",
                    'f' => "\f",
                    char sign => sign.ToString(),
                }));
            default: return node?.DeepClone();
        }
    }

    [GeneratedRegex(@"\\(?:u[0-9A-Fa-f]{4}|[^u])")]
    private static partial Regex Escape();
}
