using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Writes whole answers in OpenAI's shape, out of nothing but what was judged.</summary>
internal static class CompletionWriter
{
    /// <summary>Where a message keeps why its choice has ended.</summary>
    public const string Finish = "finish_reason";

    public static JsonObject Whole(ChatResponse response, ChatCall call)
    {
        JsonObject body = new()
        {
            ["id"] = call.CompletionId,
            ["object"] = "chat.completion",
            ["created"] = call.Created,
            ["model"] = call.Model,
        };
        JsonArray choices = [];
        body["choices"] = choices;
        foreach (IGrouping<int, ChatMessage> messages in response.Messages.GroupBy(message => message.GetChoice()))
        {
            JsonObject message = new() { ["role"] = "assistant", ["content"] = null, ["refusal"] = null };
            JsonObject choice = new() { ["index"] = messages.Key, ["message"] = message, ["logprobs"] = null };
            AnswerParts parts = new(call);
            foreach (AIContent content in messages.SelectMany(one => one.Contents)) parts.Add(content);
            parts.WriteTo(message, choice, body);
            bool isCall = message.ContainsKey("tool_calls") || message.ContainsKey("function_call");
            if (message["content"] is null && message["refusal"] is null && !isCall) message["content"] = "";
            choice["finish_reason"] = (messages.Last().AdditionalProperties?.GetValueOrDefault(Finish) as ChatFinishReason? ?? response.FinishReason)?.Value
                ?? "stop";
            choices.Add(choice);
        }
        if (response.Usage is { } usage) body["usage"] = UsageJson.Write(usage);
        return body;
    }
}
