using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Reads an upstream's completion for the guard: every text in it, wherever it stands, with the JSON kept beneath.</summary>
internal static class CompletionReader
{
    public static ChatResponse Read(JsonNode? answer)
    {
        if (answer is not JsonObject body || body["choices"] is not JsonArray { Count: > 0 } choices) throw UpstreamException.Garbled("it has no choices");
        List<ChatMessage> messages = [];
        foreach (JsonNode? choice in choices)
        {
            if (choice is not JsonObject || choice["message"] is not JsonObject message) throw UpstreamException.Garbled("a choice has no message");
            messages.Add(new(ChatRole.Assistant, [.. Contents(message)]));
        }
        return new(messages)
        {
            ResponseId = Text(body["id"]),
            ModelId = Text(body["model"]),
            FinishReason = choices[0]!["finish_reason"] is JsonValue finish && finish.TryGetValue(out string? reason) ? new ChatFinishReason(reason) : null,
            Usage = Usage(body["usage"]),
            RawRepresentation = body,
        };
    }

    public static UsageDetails? Usage(JsonNode? usage)
    {
        if (usage is not JsonObject) return null;
        UsageDetails details = new()
        {
            InputTokenCount = Count("prompt_tokens"),
            OutputTokenCount = Count("completion_tokens"),
            TotalTokenCount = Count("total_tokens")
        };
        details.TotalTokenCount ??= (details.InputTokenCount ?? 0) + (details.OutputTokenCount ?? 0);
        return details;

        long? Count(string name) => usage[name] is JsonValue value && value.TryGetValue(out long count) && count >= 0 ? count : null;
    }

    public static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static IEnumerable<AIContent> Contents(JsonObject message)
    {
        if (message["content"] is { } content)
            yield return Text(content) is { } text ? new TextContent(text) : new FunctionCallContent("content", "content", Wrapped(content));
        if (message["audio"] is not null) yield return new DataContent(ReadOnlyMemory<byte>.Empty, "audio/unknown");
        foreach ((string name, JsonNode? value) in message)
        {
            if (name is "content" or "role" or "audio" || value is null) continue;

            // Tool calls, reasoning, refusals and whatever services add: all strings in them are judged.
            yield return Text(value) is { } other ? new ErrorContent(other) : new FunctionCallContent(name, name, Wrapped(Opened(value)));
        }
    }

    private static Dictionary<string, object?> Wrapped(JsonNode value) => new() { ["value"] = JsonSerializer.SerializeToElement(value) };

    // The arguments of tool calls are JSON within a string, whose escapes would hide words.
    private static JsonNode Opened(JsonNode value)
    {
        JsonNode opened = value.DeepClone();
        if (opened is not JsonArray calls) return opened;
        foreach (JsonNode? call in calls)
        {
            if (call is not JsonObject || call["function"] is not JsonObject function || Text(function["arguments"]) is not { } arguments) continue;
            try
            {
                function["opened"] = JsonNode.Parse(arguments);
            }
            catch (JsonException)
            {
                // then the string itself is judged
            }
        }
        return opened;
    }
}
