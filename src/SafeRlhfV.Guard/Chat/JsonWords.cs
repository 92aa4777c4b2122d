using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Guard;

/// <summary>
/// The words of a JSON value as a moderator must see them: every name and every string, without JSON's escapes, which would hide words. A string that is JSON
/// itself, such as the arguments of a tool call, is opened too.
/// </summary>
public static class JsonWords
{
    private const int Depth = 8; // of JSON within strings within JSON

    /// <summary>All names and values, a value a line.</summary>
    public static string Of(JsonElement value)
    {
        StringBuilder text = new();
        Append(value, text, 0);
        return text.ToString();
    }

    private static void Append(JsonElement element, StringBuilder text, int depth)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    text.Append(property.Name).Append(": ");
                    Append(property.Value, text, depth);
                }
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray()) Append(item, text, depth);
                break;
            case JsonValueKind.String when OpaqueText.IsOpaque(element.GetString()!): break;
            case JsonValueKind.String: AppendString(element.GetString()!, text, depth); break;
            default: text.Append(element.ToString()).Append('\n'); break;
        }
    }

    private static void AppendString(string value, StringBuilder text, int depth)
    {
        if (depth < Depth && value.AsSpan().TrimStart() is ['{' or '[' or '"', ..])
        {
            try
            {
                using JsonDocument inner = JsonDocument.Parse(value); // a name that stands twice is read twice
                Append(inner.RootElement, text, depth + 1);
                return;
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or ArgumentException)
            {
                // it only looks like JSON: then the string itself is judged
            }
        }
        text.Append(EscapedText.WithOpened(value)).Append('\n');
    }
}
