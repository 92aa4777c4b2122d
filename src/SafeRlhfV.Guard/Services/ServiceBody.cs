using System.Text.Json;

namespace SafeRlhfV.Guard;

/// <summary>Whether a service's successful answer is one at all: proxies and wrong addresses answer 200 with a page, or with nothing.</summary>
internal static class ServiceBody
{
    /// <summary>What is wrong with the body of an answer that said it succeeded; null where it has the parts that a reader needs.</summary>
    /// <param name="path">The path that was asked: chat completions and moderations have parts that must be there.</param>
    /// <param name="body">The answer's text.</param>
    public static ServiceFault? FaultOf(string path, string body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement is not { ValueKind: JsonValueKind.Object } root) return Foreign(body);
            return path.EndsWith("/chat/completions", StringComparison.Ordinal) ? Items(root, "choices", IsChoice)
                : path.EndsWith("/moderations", StringComparison.Ordinal) ? Items(root, "results", IsResult) : null;
        }
        catch (JsonException)
        {
            return Foreign(body);
        }
    }

    // no answer of an OpenAI-compatible service, so the next call would get the same
    private static ServiceFault Foreign(string body) =>
        new("garbled", body.Trim().Length == 0 ? "the answer is empty" : "the answer is no JSON object", 200, MayRetry: true, IsFatal: true);

    private static ServiceFault? Items(JsonElement root, string name, Func<JsonElement, bool> sound) =>
        root.TryGetProperty(name, out JsonElement list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() > 0
        && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object && sound(item))
            ? null : new("garbled", $"the answer has no readable '{name}'", 200, MayRetry: true);

    private static bool IsChoice(JsonElement choice) => Has(choice, "message", JsonValueKind.Object);

    private static bool IsResult(JsonElement result) =>
        (Has(result, "flagged", JsonValueKind.True) || Has(result, "flagged", JsonValueKind.False))
        && Has(result, "categories", JsonValueKind.Object) && Has(result, "category_scores", JsonValueKind.Object)
        && result.GetProperty("category_scores").EnumerateObject().All(score => score.Value.ValueKind == JsonValueKind.Number);

    private static bool Has(JsonElement item, string name, JsonValueKind kind) => item.TryGetProperty(name, out JsonElement part) && part.ValueKind == kind;
}
