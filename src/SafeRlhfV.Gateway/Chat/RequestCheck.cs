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
            RequestField field = allowed.Contains(path) ? new(path, FieldUse.Judged, "") : RequestFields.ByPath.GetValueOrDefault(path)
                ?? throw FieldFault.Unknown(RequestFields.All, path, here, $", or have the operator add '{ApiException.Short(path, 200)}' to allow_fields");
            Take(field, value, path, here, text);
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
                if (!ids.All(id => JsonScalar.Whole(id) is not null)) throw FieldFault.Wrong(place, $"a list in which each is {JsonScalar.WholeWords}");
                break;
            case FieldUse.Number when path == "logit_bias" && value is JsonObject biases:
                if (!biases.All(IsBias)) throw FieldFault.Wrong(place, "a number for each token id");
                break;
            case FieldUse.Whole when value is not null && JsonScalar.Whole(value) is null: throw FieldFault.Wrong(place, JsonScalar.WholeWords);
            case FieldUse.Number when value is not null && !JsonScalar.IsNumber(value): throw FieldFault.Wrong(place, "a number");
            case FieldUse.Flag when value is not null && JsonScalar.Flag(value) is null: throw FieldFault.Wrong(place, "true or false");
            case FieldUse.Flag when path == "store" && JsonScalar.Flag(value) == true:
                throw FieldFault.Refused(place, "a withheld answer must not stay where it can be had later; leave it out");
            case FieldUse.Refused when value is not null: throw FieldFault.Refused(place, field.Note);
        }
    }

    private void OpenValue(RequestField field, JsonNode? value, string path, string place, StringBuilder text)
    {
        switch (value)
        {
            case null: break;
            case JsonObject one when field.IsObject: Open(one, path, place, text); break;
            case JsonArray list when !field.IsObject:
                for (int i = 0; i < list.Count; i++)
                {
                    JsonObject item = list[i] as JsonObject ?? throw FieldFault.Wrong($"{place}[{i}]", "an object");
                    if (path == "tools" && JsonText.Of(item["type"]) is { } type && hostedTools.Contains(type))
                    {
                        AddJudged(item, text);
                        continue;
                    }
                    CheckType(item, $"{path}[].type", $"{place}[{i}].type");
                    Open(item, $"{path}[]", $"{place}[{i}]", text);
                }
                break;
            case JsonValue only when field.MayBeText && JsonText.Of(only) is not null: break;
            default: throw FieldFault.Wrong(place, field.MayBeText ? "a text or a list of parts" : field.IsObject ? "an object" : "a list");
        }
    }

    // Parts and tools of other kinds have members that nobody here knows.
    private void CheckType(JsonObject item, string path, string place)
    {
        if (RequestFields.ByPath.GetValueOrDefault(path) is not { } field || allowed.Contains(path)) return;
        string kind = JsonText.Of(item["type"]) ?? throw FieldFault.Wrong(place, "a text");
        if (!field.Words.Contains(kind))
            throw ApiException.Invalid($"The kind '{ApiException.Short(kind)}' cannot be sent; {field.Note}.", place, "unsupported_content");
    }

    // What the reader of messages judges in its place: the texts, the images, and all else that a message says. Names of calls are judged apart.
    private static bool IsApart(string path) => !path.StartsWith("messages[].", StringComparison.Ordinal) || path is "messages[].tool_call_id"
        || (path.StartsWith("messages[].content[].", StringComparison.Ordinal)
            && path is not ("messages[].content[].text" or "messages[].content[].refusal" or "messages[].content[].thinking" or "messages[].content[].type"
                or "messages[].content[].image_url.url"));

    private static bool IsWord(RequestField field, JsonNode value) => field.Words.Count > 0 && value switch
    {
        JsonValue word => JsonText.Of(word) is { } text && field.Words.Contains(text),
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
        bias.Key.Length is > 0 and <= 10 && bias.Key.All(char.IsAsciiDigit) && JsonScalar.IsNumber(bias.Value);
}
