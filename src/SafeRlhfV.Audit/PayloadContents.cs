using System.Text.Json;

namespace SafeRlhfV.Audit;

/// <summary>Finds the names of the texts and images that a record says were kept.</summary>
internal static class PayloadContents
{
    public static IEnumerable<string> Names(JsonElement payload)
    {
        if (payload.ValueKind != JsonValueKind.Object) yield break;
        if (payload.TryGetProperty("prompt", out JsonElement prompt))
        {
            if (Kept(prompt) is { } question) yield return question;
            if (prompt.TryGetProperty("judged", out JsonElement judged) && Kept(judged) is { } other) yield return other;
            if (prompt.TryGetProperty("imagesKept", out JsonElement kept))
                foreach (JsonElement image in kept.EnumerateArray()) yield return image.GetString()!;
        }
        if (!payload.TryGetProperty("rounds", out JsonElement rounds)) yield break;
        foreach (JsonElement round in rounds.EnumerateArray())
            if (Kept(round) is { } answer) yield return answer;
    }

    private static string? Kept(JsonElement part) => part.TryGetProperty("kept", out JsonElement name) ? name.GetString() : null;
}
