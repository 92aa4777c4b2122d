using System.Numerics;
using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>JSON as a template's values: 1 is an int, 1.0 a float.</summary>
internal static class JsonValues
{
    public static object? Of(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                PyDict dict = new();
                foreach (JsonProperty property in element.EnumerateObject()) dict[property.Name] = Of(property.Value);
                return dict;
            case JsonValueKind.Array: return new PyList([.. element.EnumerateArray().Select(Of)]);
            case JsonValueKind.String: return element.GetString();
            case JsonValueKind.Number:
                string text = element.GetRawText();
                return text.AsSpan().ContainsAny('.', 'e', 'E') ? PyNumbers.ParseDouble(text)
                    : BigInteger.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            default: return null;
        }
    }
}
