using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Writes answers in OpenAI's shapes.</summary>
internal static class CompletionWriter
{
    /// <summary>A whole completion: the upstream's own JSON where its answer passed, else one made of the guard's words.</summary>
    public static JsonObject Whole(ChatResponse response, ChatCall call)
    {
        GuardReport? report = response.GetGuardReport();
        if (report?.Outcome == GuardOutcome.Passed && response.RawRepresentation is JsonObject raw)
        {
            raw["model"] = call.Model; // nobody reads the upstream's own after this
            if (report.Notice is { } notice && raw["choices"]?[0]?["message"] is JsonObject message && CompletionReader.Text(message["content"]) is { } text)
                message["content"] = $"{notice}\n\n{text}";
            return raw;
        }
        JsonObject answer = new() { ["role"] = "assistant", ["content"] = response.Text };
        JsonObject body = new()
        {
            ["id"] = Id(response.ResponseId, report),
            ["object"] = "chat.completion",
            ["created"] = Seconds(response.CreatedAt ?? report?.Received),
            ["model"] = call.Model,
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = answer, ["finish_reason"] = response.FinishReason?.Value ?? "stop" }),
        };
        if (report?.Outcome != GuardOutcome.Passed) answer["refusal"] = null;
        body["usage"] = Usage(response.Usage);
        return body;
    }

    /// <summary>The chunks of one update; several where it holds text and tool calls, none where it holds nothing.</summary>
    public static IEnumerable<JsonObject> Chunks(ChatResponseUpdate update, ChatCall call, string id, long created, bool isFirst)
    {
        JsonObject delta = [];
        if (isFirst) delta["role"] = "assistant";
        if (update.Text.Length > 0) delta["content"] = update.Text;
        string reasoning = string.Concat(update.Contents.OfType<TextReasoningContent>().Select(content => content.Text));
        if (reasoning.Length > 0) delta["reasoning_content"] = reasoning;
        FunctionCallContent[] calls = [.. update.Contents.OfType<FunctionCallContent>()];
        if (calls.Length > 0) delta["tool_calls"] = new JsonArray([.. calls.Select((content, i) => ToolCall(content, i))]);
        if (delta.Count > 0) yield return Chunk(call, id, created, new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = null });
        if (update.FinishReason is { } finish)
            yield return Chunk(call, id, created, new JsonObject { ["index"] = 0, ["delta"] = new JsonObject(), ["finish_reason"] = finish.Value });
    }

    public static JsonObject UsageChunk(ChatCall call, string id, long created, UsageDetails? usage)
    {
        JsonObject chunk = Chunk(call, id, created, null);
        chunk["usage"] = Usage(usage);
        return chunk;
    }

    public static string Id(string? upstream, GuardReport? report) => upstream is { Length: > 0 }
        ? upstream
        : $"chatcmpl-{report?.Id ?? Guid.NewGuid().ToString("n")}";

    public static long Seconds(DateTimeOffset? time) => (time ?? DateTimeOffset.UtcNow).ToUnixTimeSeconds();

    private static JsonObject Chunk(ChatCall call, string id, long created, JsonObject? choice) => new()
    {
        ["id"] = id,
        ["object"] = "chat.completion.chunk",
        ["created"] = created,
        ["model"] = call.Model,
        ["choices"] = choice is null ? [] : new JsonArray(choice),
    };

    private static JsonObject ToolCall(FunctionCallContent content, int index) => new()
    {
        ["index"] = index,
        ["id"] = content.CallId,
        ["type"] = "function",
        ["function"] = new JsonObject
        {
            ["name"] = content.Name,
            ["arguments"] = content.AdditionalProperties?["arguments"] as string ?? System.Text.Json.JsonSerializer.Serialize(content.Arguments),
        },
    };

    private static JsonObject Usage(UsageDetails? usage) => new()
    {
        ["prompt_tokens"] = usage?.InputTokenCount ?? 0,
        ["completion_tokens"] = usage?.OutputTokenCount ?? 0,
        ["total_tokens"] = usage?.TotalTokenCount ?? 0,
    };
}
