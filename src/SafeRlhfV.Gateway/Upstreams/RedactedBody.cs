using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>A caller's request with placeholders in place of sensitive data, as it goes to the upstream.</summary>
internal static class RedactedBody
{
    // Names by which the service tells callers and their caches apart: one with data in it becomes a fingerprint, which tells them apart as well.
    private static readonly HashSet<string> Names = ["user", "safety_identifier", "prompt_cache_key", "cache_salt", "request_id"];

    // What a model never reads: the names by which the service knows the model and the calls.
    private static readonly HashSet<string> PassedInMessages = ["role", "type", "id", "tool_call_id"];

    public static JsonObject Of(JsonObject body, Placeholders placeholders)
    {
        JsonObject redacted = [];
        foreach ((string name, JsonNode? value) in body)
        {
            redacted[name] = name == "messages" && value is JsonArray messages
                ? new JsonArray([.. messages.Select(message => Message(message, placeholders))])
                : name == "model" ? value?.DeepClone()
                : Names.Contains(name) ? Name(value, placeholders)
                : JsonRedaction.Change(value, placeholders.Redact);
        }
        return redacted;
    }

    private static JsonNode? Name(JsonNode? value, Placeholders placeholders) =>
        JsonText.Of(value) is not { } name || placeholders.Redact(name) == name ? value?.DeepClone()
            : JsonValue.Create($"redacted-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..32]}");

    private static JsonNode? Message(JsonNode? node, Placeholders placeholders)
    {
        switch (node)
        {
            case JsonObject members:
                JsonObject redacted = [];
                foreach ((string name, JsonNode? value) in members)
                {
                    bool isData = name == "url" && JsonText.Of(value)?.StartsWith("data:", StringComparison.Ordinal) == true;
                    redacted[name] = isData || PassedInMessages.Contains(name) ? value?.DeepClone()
                        : name == "content" && value is JsonArray parts ? Parts(parts, placeholders)
                        : Message(value, placeholders);
                }
                return redacted;
            case JsonArray items: return new JsonArray([.. items.Select(item => Message(item, placeholders))]);
            default: return JsonRedaction.Change(node, placeholders.Redact);
        }
    }

    // Models read the texts of one message without a break, so that what is split over two parts is one.
    private static JsonArray Parts(JsonArray parts, Placeholders placeholders)
    {
        JsonNode?[] redacted = [.. parts.Select(part => Text(part) is null ? Message(part, placeholders) : null)];
        int[] texts = [.. Enumerable.Range(0, parts.Count).Where(i => Text(parts[i]) is not null)];
        IReadOnlyList<string> changed = texts.Length == 0 ? [] : placeholders.Redact([.. texts.Select(i => Text(parts[i])!)]);
        for (int i = 0; i < texts.Length; i++)
        {
            JsonNode part = parts[texts[i]]!.DeepClone();
            part["text"] = changed[i];
            redacted[texts[i]] = part;
        }
        return new(redacted);
    }

    private static string? Text(JsonNode? part) => part is JsonObject one && JsonText.Of(one["type"]) == "text" ? JsonText.Of(one["text"]) : null;
}
