using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Answers in the shape of Anthropic's Messages: texts, thinking and tool calls as blocks. What else an upstream adds has no place in it.</summary>
internal sealed class MessagesAnswer(ChatCall call) : IWireAnswer
{
    private readonly AnswerState state = new();
    private string? open; // the type of the block that deltas go to
    private int block = -1;

    public ChatCall Call => call;

    public WireEvent KeepAlive => Event(new() { ["type"] = "ping" });

    public byte[] Whole(ChatResponse response)
    {
        AnswerState whole = AnswerState.Of(response);
        JsonArray blocks = [];
        foreach (AIContent content in AnswerState.Contents(response))
        {
            if (BlockOf(content) is not { Text: var text, Type: var type }) continue;
            if (content is FunctionCallContent asked)
            {
                ToolCall one = ToolCall.Of(asked);
                if (Input(one, whole.IsCut) is { } input) blocks.Add(Opening(type, one, input));
            }
            else if (content is not ErrorContent && blocks.LastOrDefault() is JsonObject last && JsonText.Of(last["type"]) == type)
                last[type] = JsonText.Of(last[type]) + text;
            else if (text.Length > 0)
            {
                JsonObject opening = Opening(type);
                opening[type] = text;
                blocks.Add(opening);
            }
        }
        JsonObject message = Message(blocks, whole.Usage);
        foreach ((string name, JsonNode? value) in Stop(whole, response.GetRefusal())) message[name] = value?.DeepClone();
        return JsonReply.Render(message);
    }

    public IEnumerable<WireEvent> Begin()
    {
        yield return Event(new() { ["type"] = "message_start", ["message"] = Message([], null) });
    }

    public IEnumerable<WireEvent> Write(ChatResponseUpdate update)
    {
        if (update.GetChoice() != 0) yield break;
        state.Add(update);
        foreach (AIContent content in update.Contents)
        {
            if (BlockOf(content) is not { Text: var text, Type: var type } || (text.Length == 0 && content is not FunctionCallContent)) continue;
            if (content is FunctionCallContent asked)
            {
                ToolCall one = ToolCall.Of(asked);
                Input(one, true);
                foreach (WireEvent opening in Open(type, one)) yield return opening;
                if (one.Arguments.Length > 0) yield return Delta("input_json_delta", "partial_json", one.Arguments);
                continue;
            }
            if (open != type || content is ErrorContent)
                foreach (WireEvent opening in Open(type, null)) yield return opening;
            yield return Delta($"{type}_delta", type, text);
        }
    }

    public IEnumerable<WireEvent> End()
    {
        if (open is not null) yield return Close();
        yield return Event(new() { ["type"] = "message_delta", ["delta"] = Stop(state, null), ["usage"] = Usage(state.Usage) });
        yield return Event(new() { ["type"] = "message_stop" });
    }

    public IEnumerable<WireEvent> Fail(ApiException error) => [Event(MessagesErrors.Of(error))];

    private static (string Type, string Text)? BlockOf(AIContent content) => content switch
    {
        TextContent text => ("text", text.Text),
        ErrorContent refusal => ("text", refusal.Message),
        TextReasoningContent reasoning => ("thinking", reasoning.Text),
        FunctionCallContent => ("tool_use", ""),
        _ => null,
    };

    private static JsonObject Opening(string type, ToolCall? asked = null, JsonObject? input = null) => type switch
    {
        "tool_use" => new() { ["type"] = type, ["id"] = asked!.Id, ["name"] = asked.Name, ["input"] = input ?? [] },
        "thinking" => new() { ["type"] = type, ["thinking"] = "", ["signature"] = "" },
        _ => new() { ["type"] = type, ["text"] = "" },
    };

    private IEnumerable<WireEvent> Open(string type, ToolCall? asked)
    {
        if (open is not null) yield return Close();
        open = type;
        yield return Event(new() { ["type"] = "content_block_start", ["index"] = ++block, ["content_block"] = Opening(type, asked) });
    }

    private WireEvent Close()
    {
        open = null;
        return Event(new() { ["type"] = "content_block_stop", ["index"] = block });
    }

    private WireEvent Delta(string type, string name, string text) => Event(new()
    {
        ["type"] = "content_block_delta",
        ["index"] = block,
        ["delta"] = new JsonObject { ["type"] = type, [name] = text },
    });

    private static WireEvent Event(JsonObject data) => WireEvent.Typed(data);

    // The shape has no place for arguments that are no object. Those of a call that was cut by the answer's length are left out of a whole answer.
    private static JsonObject? Input(ToolCall asked, bool mayBeCut)
    {
        if (asked.Arguments.Length == 0) return [];
        try
        {
            if (StrictJson.Parse(Encoding.UTF8.GetBytes(asked.Arguments)) is JsonObject input) return input;
        }
        catch (Exception error) when (StrictJson.IsFault(error))
        {
            if (mayBeCut) return null;
        }
        throw UpstreamException.Garbled("the arguments of a tool call are no object");
    }

    private JsonObject Message(JsonArray content, UsageDetails? usage) => new()
    {
        ["id"] = $"msg_{call.RequestId}",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = call.Model,
        ["content"] = content,
        ["stop_reason"] = null,
        ["stop_sequence"] = null,
        ["stop_details"] = null,
        ["container"] = null,
        ["usage"] = Usage(usage),
    };

    private JsonObject Stop(AnswerState end, string? refusal)
    {
        bool isStop = call.Body["stop"] is JsonArray stops && end.StoppedAt is { } at && stops.Any(stop => JsonText.Of(stop) == at);
        string reason = end.IsRefused || end.Finish == ChatFinishReason.ContentFilter ? "refusal"
            : end.IsCut ? "max_tokens"
            : end.HasCalls ? "tool_use"
            : isStop ? "stop_sequence" : "end_turn";
        return new()
        {
            ["stop_reason"] = reason,
            ["stop_sequence"] = reason == "stop_sequence" ? end.StoppedAt : null,
            ["stop_details"] = reason == "refusal" ? new JsonObject { ["type"] = "refusal", ["category"] = null, ["explanation"] = refusal } : null,
        };
    }

    private static JsonObject Usage(UsageDetails? usage)
    {
        long cached = UsageJson.Detail(usage, "prompt_tokens_details.cached_tokens");
        return new()
        {
            ["input_tokens"] = Math.Max(0, (usage?.InputTokenCount ?? 0) - cached), // without what was read from a cache
            ["cache_creation_input_tokens"] = 0,
            ["cache_read_input_tokens"] = cached,
            ["output_tokens"] = usage?.OutputTokenCount ?? 0,
            ["cache_creation"] = null,
            ["server_tool_use"] = null,
            ["service_tier"] = null,
            ["inference_geo"] = null,
            ["output_tokens_details"] = null,
            ["speed"] = null,
        };
    }
}
