using System.Text.Json;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Audit;

/// <summary>Finds the names of the texts and images that a record says were kept.</summary>
internal static partial class PayloadContents
{
    public static IEnumerable<string> Names(JsonElement payload)
    {
        if (Part(payload, "prompt") is { } prompt)
        {
            if (Kept(prompt) is { } question) yield return question;
            if (Part(prompt, "judged") is { } judged && Kept(judged) is { } other) yield return other;
            foreach (JsonElement image in List(prompt, "imagesKept"))
                if (Text(image) is { } name) yield return name;
        }
        foreach (JsonElement round in List(payload, "rounds"))
            if (Kept(round) is { } answer) yield return answer;
    }

    /// <summary>Those of a record that was changed so that it is no JSON: whatever looks like such a name.</summary>
    public static IEnumerable<string> NamesInSpoilt(string payload) => Name().Matches(payload).Select(match => match.Value);

    private static string? Kept(JsonElement part) => Part(part, "kept") is { } name ? Text(name) : null;

    private static JsonElement? Part(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out JsonElement part) ? part : null;

    private static IEnumerable<JsonElement> List(JsonElement of, string name) =>
        Part(of, name) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    private static string? Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    [GeneratedRegex("[0-9a-f]{64}")]
    private static partial Regex Name();
}
