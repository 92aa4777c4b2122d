using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Answers in the shape of OpenAI's Responses.</summary>
/// <param name="call">The chat request that is asked.</param>
/// <param name="request">What was sent.</param>
/// <param name="keep">Keeps a response that has ended, as nodes and as bytes, with how the guard ended it; null where it is not to be kept.</param>
internal sealed class ResponsesAnswer(
    ChatCall call, JsonObject request, Func<JsonObject, byte[], GuardOutcome?, CancellationToken, ValueTask>? keep) : IWireAnswer
{
    private readonly ResponseOutput items = new(call.RequestId,
        request["reasoning"] is JsonObject reasoning && (reasoning["summary"] ?? reasoning["generate_summary"]) is not null
            ? ResponsePart.Summary
            : ResponsePart.Reasoning);
    private readonly AnswerState state = new();
    private GuardReport? report;
    private JsonObject? ended;
    private byte[]? written; // of a whole answer
    private int number;

    public ChatCall Call => call;

    // A state that is sent again would take away what clients have of the output.
    public WireEvent KeepAlive => items.HasBegun ? WireEvent.Comment : Numbered(Told("response.in_progress", "in_progress"));

    public byte[] Whole(ChatResponse response)
    {
        AnswerState whole = AnswerState.Of(response);
        foreach (AIContent content in AnswerState.Contents(response)) items.Add(content);
        (string status, string? why) = Status(whole);
        items.End(status);
        report = response.GetGuardReport();
        ended = Body(status, why, whole.Usage);
        return written = JsonReply.Render(ended);
    }

    public IEnumerable<WireEvent> Begin() =>
        [Numbered(Told("response.created", "in_progress")), Numbered(Told("response.in_progress", "in_progress"))];

    public IEnumerable<WireEvent> Write(ChatResponseUpdate update)
    {
        report = update.GetGuardReport() ?? report;
        if (update.GetChoice() != 0) yield break;
        state.Add(update);
        foreach (AIContent content in update.Contents)
            foreach (JsonObject one in items.Add(content)) yield return Numbered(one);
    }

    public IEnumerable<WireEvent> End()
    {
        (string status, string? why) = Status(state);
        foreach (JsonObject one in items.End(status)) yield return Numbered(one);
        ended = Body(status, why, state.Usage);
        yield return Numbered(new() { ["type"] = $"response.{status}", ["response"] = ended });
    }

    public ValueTask KeepAsync(CancellationToken cancellationToken) =>
        keep is null || ended is null ? default : keep(ended, written ?? JsonReply.Render(ended), report?.Outcome, cancellationToken);

    public IEnumerable<WireEvent> Fail(ApiException error)
    {
        JsonObject body = Body("failed", null, state.Usage);
        body["error"] = new JsonObject { ["code"] = error.Status == 429 ? "rate_limit_exceeded" : "server_error", ["message"] = error.Message };
        return [Numbered(new() { ["type"] = "response.failed", ["response"] = body })];
    }

    // A refusal is an answer; but where it ends one that had begun, the answer is not whole.
    private (string Status, string? Why) Status(AnswerState end) =>
        end.IsCut ? ("incomplete", "max_output_tokens")
        : end.Finish == ChatFinishReason.ContentFilter && (items.HasSaid || !end.IsRefused) ? ("incomplete", "content_filter")
        : ("completed", null);

    private JsonObject Told(string type, string status) => new() { ["type"] = type, ["response"] = Body(status, null, null) };

    private WireEvent Numbered(JsonObject one)
    {
        one["sequence_number"] = number++;
        return WireEvent.Typed(one);
    }

    private JsonObject Body(string status, string? why, UsageDetails? usage)
    {
        JsonObject body = new()
        {
            ["id"] = ResponseStore.NameOf(call),
            ["object"] = "response",
            ["created_at"] = call.Created,
            ["status"] = status,
            ["background"] = false,
            ["completed_at"] = status == "completed" ? DateTimeOffset.UtcNow.ToUnixTimeSeconds() : null,
            ["error"] = null,
            ["incomplete_details"] = why is null ? null : new JsonObject { ["reason"] = why },
            ["model"] = call.Model,
            ["output"] = items.Output.DeepClone(),
            ["usage"] = usage is null ? null : Usage(usage),
            ["store"] = keep is not null,
            ["truncation"] = "disabled",
            ["parallel_tool_calls"] = request["parallel_tool_calls"]?.DeepClone() ?? true,
            ["temperature"] = request["temperature"]?.DeepClone() ?? 1.0,
            ["top_p"] = request["top_p"]?.DeepClone() ?? 1.0,
            ["tool_choice"] = request["tool_choice"]?.DeepClone() ?? "auto",
            ["tools"] = request["tools"]?.DeepClone() ?? new JsonArray(),
            ["text"] = request["text"]?.DeepClone() ?? new JsonObject { ["format"] = new JsonObject { ["type"] = "text" } },
            ["metadata"] = request["metadata"]?.DeepClone() ?? new JsonObject(),
        };
        foreach (string name in (string[])["instructions", "max_output_tokens", "max_tool_calls", "previous_response_id", "reasoning", "service_tier",
            "top_logprobs", "user", "safety_identifier", "prompt_cache_key"])
            body[name] = request[name]?.DeepClone();
        if (call.Moderation is not null) body["moderation"] = report is null ? null : ModerationJson.Member(report, asList: false);
        return body;
    }

    private static JsonObject Usage(UsageDetails usage) => new()
    {
        ["input_tokens"] = usage.InputTokenCount ?? 0,
        ["input_tokens_details"] = new JsonObject
        {
            ["cached_tokens"] = UsageJson.Detail(usage, "prompt_tokens_details.cached_tokens"),
            ["cache_write_tokens"] = UsageJson.Detail(usage, "prompt_tokens_details.cache_write_tokens"),
        },
        ["output_tokens"] = usage.OutputTokenCount ?? 0,
        ["output_tokens_details"] = new JsonObject { ["reasoning_tokens"] = UsageJson.Detail(usage, "completion_tokens_details.reasoning_tokens") },
        ["total_tokens"] = usage.TotalTokenCount ?? ((usage.InputTokenCount ?? 0) + (usage.OutputTokenCount ?? 0)),
    };
}
