using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Finds control tokens of the known families' templates in a request's strings, names and JSON within strings, and takes them apart. Parts of one content are
/// read together: a template may write them without a break.
/// </summary>
internal static partial class ControlTokens
{
    private const int Deepest = 8; // JSON within strings

    /// <summary>The request as it may be sent: the same object where it has no control tokens.</summary>
    /// <exception cref="ApiException">It has some, and they are refused.</exception>
    public static JsonObject Apply(JsonObject body, ControlTokenUse use)
    {
        if (use == ControlTokenUse.Pass || Find(body, "", 0) is not { } place) return body;
        if (use == ControlTokenUse.Refuse)
            throw ApiException.Invalid("The text holds a control token of a chat template; leave it out.", place, "control_token");
        JsonObject copy = (JsonObject)body.DeepClone();
        Mend(copy, 0);
        return copy;
    }

    /// <summary>A text with a blank in each control token.</summary>
    public static string TakeApart(string text) => Token().Replace(text, token => token.Value.Insert(1, " "));

    private static string? Find(JsonNode? node, string place, int depth)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((string name, JsonNode? value) in members)
                {
                    string here = place.Length == 0 ? name : $"{place}.{name}";
                    if (IsToken(name)) return place;
                    if (Find(value, here, depth) is { } found) return found;
                }
                return null;
            case JsonArray list:
                for (int i = 0; i < list.Count; i++)
                    if (Find(list[i], $"{place}[{i}]", depth) is { } found) return found;
                return Texts(list).Any(one => MayHold(one.Text)) && IsToken(string.Concat(Texts(list).Select(one => one.Text))) ? place : null;
            default: return Text(node) is { } text && HasToken(text, depth) ? place : null;
        }
    }

    private static bool HasToken(string text, int depth) =>
        IsToken(text) || (Inner(text, depth) is { } inner && Find(inner, "", depth + 1) is not null);

    private static bool IsToken(string text) => MayHold(text) && Token().IsMatch(text);

    // every one begins so
    private static bool MayHold(string text) => text.AsSpan().ContainsAny('<', '[');

    private static void Mend(JsonNode node, int depth)
    {
        if (node is JsonObject members)
        {
            foreach ((string name, JsonNode? value) in members.ToArray())
            {
                if (Text(value) is { } text) members[name] = MendText(text, depth);
                else if (value is not null) Mend(value, depth);
                if (!Token().IsMatch(name)) continue;
                JsonNode? moved = members[name];
                members.Remove(name);
                members[TakeApart(name)] = moved;
            }
        }
        else if (node is JsonArray list)
        {
            for (int i = 0; i < list.Count; i++)
            {
                if (Text(list[i]) is { } text) list[i] = MendText(text, depth);
                else if (list[i] is { } item) Mend(item, depth);
            }
            MendJoined([.. Texts(list)]);
        }
    }

    private static string MendText(string text, int depth)
    {
        if (Inner(text, depth) is not { } inner || Find(inner, "", depth + 1) is null) return TakeApart(text);
        Mend(inner, depth + 1);
        return JsonText.Write(inner);
    }

    // What still stands after each part was mended begins in one part and ends in another.
    private static void MendJoined((JsonObject Part, string Text)[] parts)
    {
        string joined = string.Concat(parts.Select(one => one.Text));
        int[] blanks = [.. Token().Matches(joined).Select(match => match.Index + 1)];
        if (blanks.Length == 0) return;
        int start = 0, next = 0;
        foreach ((JsonObject part, string text) in parts)
        {
            StringBuilder mended = new();
            for (int i = 0; i < text.Length; i++)
            {
                if (next < blanks.Length && blanks[next] == start + i)
                {
                    mended.Append(' ');
                    next++;
                }
                mended.Append(text[i]);
            }
            if (mended.Length > text.Length) part["text"] = mended.ToString();
            start += text.Length;
        }
    }

    private static IEnumerable<(JsonObject Part, string Text)> Texts(JsonArray list) => list.OfType<JsonObject>()
        .Select(part => (part, JsonText.Of(part["text"]))).Where(one => one.Item2 is not null).Select(one => (one.part, one.Item2!));

    // Images are no text.
    private static string? Text(JsonNode? node) => JsonText.Of(node) is { } text && !text.StartsWith("data:image/", StringComparison.Ordinal) ? text : null;

    // Escapes in JSON hide a token from this place, but not from a template that reads the JSON, such as that of a call's arguments.
    private static JsonNode? Inner(string text, int depth)
    {
        if (depth >= Deepest || !text.Contains('\\') || text.AsSpan().TrimStart() is not ['{' or '[', ..]) return null;
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // ChatML and its variants, DeepSeek, Llama 2, Mistral, Gemma, LLaVA, InternVL and what sentence tokenizers call their own.
    [GeneratedRegex("<\\|[^|<>]{1,64}\\|>|<｜[^｜<>]{1,64}｜>|</?s>|<</?SYS>>"
        + "|<(?:bos|eos|pad|unk|mask|cls|sep|image|video|audio|(?:start|end)_of_(?:turn|image|audio)|image_soft_token|IMG_CONTEXT)>"
        + "|\\[/?(?:INST|AVAILABLE_TOOLS|TOOL_RESULTS|TOOL_CALLS|TOOL_CONTENT|SYSTEM_PROMPT|IMG|IMG_BREAK|IMG_END)\\]", RegexOptions.IgnoreCase)]
    private static partial Regex Token();
}
