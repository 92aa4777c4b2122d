using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>The text in a JSON node, and JSON as a text.</summary>
internal static class JsonText
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>JSON as a text, without needless escapes.</summary>
    public static string Write(JsonNode node) => node.ToJsonString(Plain);

    /// <summary>A string's text; null for any other node.</summary>
    public static string? Of(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    /// <summary>A text that must be there.</summary>
    /// <exception cref="ApiException">It is missing, or no string.</exception>
    public static string Required(JsonNode? node, string param) =>
        Of(node) ?? throw ApiException.Invalid(node is null ? $"{param} is missing." : $"{param} must be a text.", param);

    /// <summary>The text of a string, of a part that holds nothing but a text, or of a list of them; null for any other node.</summary>
    public static string? OfParts(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject part: return part.All(member => member.Key is "type" or "text" || member.Value is null) ? Of(part["text"]) : null;
            case JsonArray list:
                string?[] texts = [.. list.Select(OfParts)];
                return texts.Contains(null) ? null : string.Concat(texts);
            default: return Of(node);
        }
    }
}
