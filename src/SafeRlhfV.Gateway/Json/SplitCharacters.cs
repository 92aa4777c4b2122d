using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Joins characters whose two UTF-16 halves stand in two chunks of a stream (<c>\ud83d</c>, then <c>\ude00</c>), text by text: the same members and the same
/// <c>index</c> are the same text.
/// </summary>
internal sealed class SplitCharacters
{
    private const int MostWaiting = 1000, LongestWaiting = 10_000;
    private readonly Dictionary<string, (char Half, string Chunk)> waiting = [];

    /// <summary>Whether a half waits for the next chunk.</summary>
    public bool Waits => waiting.Count > 0;

    /// <summary>A whole answer's halves become U+FFFD each.</summary>
    public static void Mend(JsonNode? answer) => Walk(answer, (text, _, _) => Whole(text), "", null);

    /// <summary>Leaves whole characters in a chunk: a half that ends a text waits for the next text of its place, any other becomes U+FFFD.</summary>
    public void Join(JsonNode chunk) => Walk(chunk, Join, "", node => node);

    /// <summary>A chunk with U+FFFD for each half that has waited in vain.</summary>
    public IEnumerable<JsonNode> End()
    {
        JsonNode[] chunks = [.. waiting.Values.Select(one => JsonNode.Parse(one.Chunk)!)];
        waiting.Clear();
        return chunks;
    }

    private string Join(string text, string place, Func<JsonNode, JsonNode>? chunk)
    {
        if (text.Length > 0 && waiting.Remove(place, out (char Half, string Chunk) before)) text = before.Half + text;
        if (chunk is null || text is not [.., var last] || !char.IsHighSurrogate(last)) return Whole(text);
        string end = chunk("\ufffd").ToJsonString(); // not the chunk itself, which may be large
        if (waiting.Count >= MostWaiting || place.Length + end.Length > LongestWaiting)
            throw UpstreamException.Garbled("too many texts end within a character");
        waiting[place] = (last, end);
        return Whole(text[..^1]);
    }

    private static string Whole(string text) => string.Concat(text.EnumerateRunes());

    // `chunk` makes a chunk that holds nothing but what it is given at this place; null where texts do not go on in the next chunk.
    private static void Walk(JsonNode? node, Func<string, string, Func<JsonNode, JsonNode>?, string> change, string place, Func<JsonNode, JsonNode>? chunk)
    {
        switch (node)
        {
            case JsonObject members:
                foreach ((string name, JsonNode? value) in members.ToArray())
                {
                    Func<JsonNode, JsonNode>? only = chunk is null || name == "logprobs" ? null : inner => chunk(Only(members, name, inner));
                    if (JsonText.Of(value) is not { } text) Walk(value, change, $"{place}.{name}", only);
                    else if (change(text, $"{place}.{name}", only) is var changed && changed != text) members[name] = changed;
                }
                break;
            case JsonArray list:
                for (int i = 0; i < list.Count; i++)
                {
                    string item = $"{place}[{JsonScalar.Whole((list[i] as JsonObject)?["index"]) ?? i}]";
                    Func<JsonNode, JsonNode>? only = chunk is null ? null : inner => chunk(new JsonArray(inner));
                    if (JsonText.Of(list[i]) is not { } text) Walk(list[i], change, item, only);
                    else if (change(text, item, only) is var changed && changed != text) list[i] = changed;
                }
                break;
        }
    }

    private static JsonObject Only(JsonObject members, string name, JsonNode inner)
    {
        JsonObject only = new() { [name] = inner };
        foreach (string kept in (string[])["index", "type"])
            if (kept != name && members[kept] is JsonValue value) only[kept] = value.DeepClone();
        return only;
    }
}
