using System.Collections.Frozen;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Holds a request against the table of fields: what is not in it is refused, and the text of what stands beside the messages is gathered to be judged. The
/// messages themselves are judged by their reader.
/// </summary>
/// <param name="allowed">Paths beyond the table, and refused ones, that the operator allows; they are judged.</param>
/// <param name="hostedTools">The types of tools that the operator allows beside those of the table; all of such a tool is judged.</param>
internal sealed class RequestCheck(IEnumerable<string> allowed, IReadOnlyList<string> hostedTools)
{
    private readonly FrozenSet<string> allowed = allowed.ToFrozenSet();

    /// <summary>The text beside the messages.</summary>
    /// <exception cref="ApiException">A field is not known, is refused, or is of another kind than the table says.</exception>
    public string Read(JsonObject body)
    {
        StringBuilder text = new();
        Open(body, "", "", text);
        return text.ToString();
    }

    private void Open(JsonObject from, string pattern, string place, StringBuilder text)
    {
        foreach ((string name, JsonNode? value) in from)
        {
            string path = pattern.Length == 0 ? name : $"{pattern}.{name}", here = place.Length == 0 ? name : $"{place}.{name}";
            RequestField? field = RequestFields.ByPath.GetValueOrDefault(path);
            if (allowed.Contains(path)) field = new(path, FieldUse.Judged, "");
            Take(field ?? throw Unknown(path, here), value, path, here, text);
        }
    }

    private void Take(RequestField field, JsonNode? value, string path, string place, StringBuilder text)
    {
        switch (field.Use)
        {
            case FieldUse.Opened: OpenValue(field, value, path, place, text); break;
            case FieldUse.Judged when value is not null && path != "model":
                if (IsApart(path) && !IsWord(field, value)) AddJudged(value, text);
                break;
            case FieldUse.Whole when path.EndsWith("_ids", StringComparison.Ordinal) && value is JsonArray ids:
                if (!ids.All(id => Whole(id) is not null)) throw Wrong(place, "a list of whole numbers");
                break;
            case FieldUse.Number when path == "logit_bias" && value is JsonObject biases:
                if (!biases.All(IsBias)) throw Wrong(place, "a number for each token id");
                break;
            case FieldUse.Whole when value is not null && Whole(value) is null: throw Wrong(place, "a whole number");
            case FieldUse.Number when value is not null && !IsNumber(value): throw Wrong(place, "a number");
            case FieldUse.Flag when value is not null && Flag(value) is null: throw Wrong(place, "true or false");
            case FieldUse.Flag when path == "store" && Flag(value) == true:
                throw Refuse(place, "a withheld answer must not stay where it can be had later; leave it out");
            case FieldUse.Refused when value is not null: throw Refuse(place, field.Note);
        }
    }

    private void OpenValue(RequestField field, JsonNode? value, string path, string place, StringBuilder text)
    {
        switch (value)
        {
            case null: break;
            case JsonObject one when path is "stream_options" || path.EndsWith("image_url", StringComparison.Ordinal): Open(one, path, place, text); break;
            case JsonArray list when path is not "stream_options" && !path.EndsWith("image_url", StringComparison.Ordinal):
                for (int i = 0; i < list.Count; i++)
                {
                    JsonObject item = list[i] as JsonObject ?? throw Wrong($"{place}[{i}]", "an object");
                    if (path == "tools" && item["type"] is JsonValue tool && tool.TryGetValue(out string? type) && hostedTools.Contains(type))
                    {
                        AddJudged(item, text);
                        continue;
                    }
                    CheckType(item, $"{path}[].type", $"{place}[{i}].type");
                    Open(item, $"{path}[]", $"{place}[{i}]", text);
                }
                break;
            case JsonValue only when field.MayBeText && only.TryGetValue(out string? _): break;
            default: throw Wrong(place, field.MayBeText ? "a text or a list of parts" : path is "messages" or "tools" ? "a list" : "an object");
        }
    }

    // Parts and tools of other kinds have members that nobody here knows.
    private void CheckType(JsonObject item, string path, string place)
    {
        if (RequestFields.ByPath.GetValueOrDefault(path) is not { } field || allowed.Contains(path)) return;
        if (item["type"] is not JsonValue type || !type.TryGetValue(out string? kind)) throw Wrong(place, "a text");
        if (!field.Words.Contains(kind))
            throw ApiException.Invalid($"The kind '{(kind.Length > 50 ? kind[..50] : kind)}' cannot be sent; {field.Note}.", place, "unsupported_content");
    }

    // What the reader of messages judges in its place: the texts, the images, and all else that a message says. Names of calls are judged apart.
    private static bool IsApart(string path) => !path.StartsWith("messages[].", StringComparison.Ordinal) || path is "messages[].tool_call_id"
        || (path.StartsWith("messages[].content[].", StringComparison.Ordinal)
            && path is not ("messages[].content[].text" or "messages[].content[].refusal" or "messages[].content[].thinking" or "messages[].content[].type"
                or "messages[].content[].image_url.url"));

    private static bool IsWord(RequestField field, JsonNode value) => field.Words.Count > 0 && value switch
    {
        JsonValue word => word.TryGetValue(out string? text) && field.Words.Contains(text),
        JsonArray list => list.All(item => item is not null && IsWord(field, item)),
        _ => value is JsonObject { Count: 1 } only && only["type"] is { } type && IsWord(field, type),
    };

    private static void AddJudged(JsonNode value, StringBuilder text)
    {
        text.Append(JsonWords.Of(JsonSerializer.SerializeToElement(value)));
        if (text.Length > 0 && text[^1] != '\n') text.Append('\n');
    }

    // A map's names are token ids: digits, in which nothing can be said.
    private static bool IsBias(KeyValuePair<string, JsonNode?> bias) =>
        bias.Key.Length is > 0 and <= 10 && bias.Key.All(char.IsAsciiDigit) && IsNumber(bias.Value);

    private static bool IsNumber(JsonNode? value) => value is JsonValue number && number.TryGetValue(out double real) && double.IsFinite(real);

    private static bool? Flag(JsonNode? value) => value is JsonValue flag && flag.TryGetValue(out bool found) ? found : null;

    /// <summary>A whole number of 64 bits, however it is written (3, 3.0, 3e0); null where it is none.</summary>
    public static long? Whole(JsonNode? value) => value is not JsonValue number ? null
        : number.TryGetValue(out long whole) ? whole
        : number.TryGetValue(out double real) && Math.Truncate(real) == real && Math.Abs(real) <= 1L << 53 ? (long)real : null;

    private static ApiException Wrong(string place, string what) => ApiException.Invalid($"{place} must be {what}.", place);

    private static ApiException Refuse(string place, string why) =>
        ApiException.Invalid($"{place} is refused: {why}.", place, "unsupported_parameter");

    private static ApiException Unknown(string path, string place)
    {
        string shown = Short(place);
        string? meant = RequestFields.All.FirstOrDefault(field => string.Equals(field.Path, path, StringComparison.OrdinalIgnoreCase))?.Path;
        return ApiException.Invalid(meant is null
            ? $"{shown} is not known here, so that nobody could judge it; leave it out, or have the operator add '{Short(path)}' to allow_fields."
            : $"{shown} must be written as in {meant}: names that differ by case alone are refused.", shown, "unknown_parameter");
    }

    private static string Short(string path) => path.Length > 200 ? path[..200] : path;
}
