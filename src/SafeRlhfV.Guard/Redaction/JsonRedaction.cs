using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Guard;

/// <summary>Changes the texts of JSON: names and strings, and the strings of JSON that stands in a string. Numbers that become a text are texts then.</summary>
public static class JsonRedaction
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = Encoder };

    /// <summary>JSON that becomes part of a string of other JSON is escaped like this.</summary>
    internal static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>The JSON with every text changed; the node itself stays as it is.</summary>
    /// <param name="node">The JSON.</param>
    /// <param name="change">What becomes of a text.</param>
    public static JsonNode? Change(JsonNode? node, Func<string, string> change)
    {
        switch (node)
        {
            case JsonObject members:
                JsonObject changed = [];
                foreach ((string name, JsonNode? value) in members) changed[change(name)] = Change(value, change);
                return changed;
            case JsonArray items: return new JsonArray([.. items.Select(item => Change(item, change))]);
            case JsonValue value when value.TryGetValue(out string? text): return JsonValue.Create(ChangeText(text, change));
            case JsonValue value when value.GetValueKind() == JsonValueKind.Number:
                string number = value.ToJsonString(), other = change(number);
                return other == number ? value.DeepClone() : JsonValue.Create(other);
            default: return node?.DeepClone();
        }
    }

    /// <summary>A text that may be JSON, such as the arguments of a tool call, with its texts changed.</summary>
    public static string ChangeText(string text, Func<string, string> change)
    {
        if (text.AsSpan().TrimStart() is not ['{' or '[', ..]) return change(text);
        try
        {
            JsonNode? json = JsonNode.Parse(text), changed = Change(json, change);
            return JsonNode.DeepEquals(json, changed) ? change(text) : changed!.ToJsonString(Plain);
        }
        catch (Exception error) when (error is JsonException or ArgumentException) // no JSON, or a name stands twice
        {
            return change(text);
        }
    }
}
