using System.Text.Json.Nodes;

namespace SafeRlhfV.Testing;

/// <summary>The places of a JSON document where a text may stand: every value that is no list or object, and every name.</summary>
public static class JsonPlaces
{
    /// <summary>How many there are.</summary>
    public static int Count(JsonNode document) => Places(document.DeepClone()).Count;

    /// <summary>The document with a text at one of the places.</summary>
    /// <param name="document">It stays as it is.</param>
    /// <param name="at">Which place.</param>
    /// <param name="text">The value or name to put there.</param>
    public static string With(JsonNode document, int at, string text)
    {
        JsonNode copy = document.DeepClone();
        Places(copy)[at](text);
        return copy.ToJsonString();
    }

    /// <summary>The document with each of its values, lists and objects too, replaced by a text, null, an object and a list.</summary>
    public static IEnumerable<string> OfOtherKinds(JsonNode document)
    {
        string[] kinds = ["\"x\"", "null", "{}", "[\"x\"]"];
        int count = Descendants(document).Count();
        for (int i = 0; i < count; i++)
            foreach (string kind in kinds)
            {
                JsonNode copy = document.DeepClone();
                (JsonNode parent, object place) = Descendants(copy).ElementAt(i);
                if (parent is JsonObject map) map[(string)place] = JsonNode.Parse(kind);
                else ((JsonArray)parent)[(int)place] = JsonNode.Parse(kind);
                yield return copy.ToJsonString();
            }
    }

    private static IEnumerable<(JsonNode Parent, object Place)> Descendants(JsonNode? node)
    {
        if (node is JsonObject map)
            foreach ((string name, JsonNode? value) in map)
                foreach ((JsonNode, object) one in Descendants(value).Prepend((map, name))) yield return one;
        else if (node is JsonArray list)
            for (int i = 0; i < list.Count; i++)
                foreach ((JsonNode, object) one in Descendants(list[i]).Prepend((list, i))) yield return one;
    }

    private static List<Action<string>> Places(JsonNode root)
    {
        List<Action<string>> places = [];
        Collect(root);
        return places;

        void Collect(JsonNode node)
        {
            if (node is JsonObject map)
            {
                foreach ((string name, JsonNode? value) in map.ToArray())
                {
                    places.Add(text =>
                    {
                        map.Remove(name);
                        map[text] = value?.DeepClone();
                    });
                    if (value is JsonObject or JsonArray) Collect(value);
                    else places.Add(text => map[name] = text);
                }
            }
            else if (node is JsonArray list)
            {
                for (int i = 0; i < list.Count; i++)
                {
                    int index = i;
                    if (list[i] is JsonObject or JsonArray) Collect(list[i]!);
                    else places.Add(text => list[index] = text);
                }
            }
        }
    }
}
