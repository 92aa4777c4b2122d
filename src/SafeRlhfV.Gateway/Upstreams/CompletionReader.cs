using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Reads an upstream's whole completion: a message of contents for each choice.</summary>
internal static class CompletionReader
{
    /// <exception cref="UpstreamException">It is no completion, or says that the model has failed.</exception>
    public static ChatResponse Read(JsonNode? answer, AnswerReader reader)
    {
        if (answer is not JsonObject body) throw UpstreamException.Garbled("it is no object");
        if (body["error"] is not null) throw UpstreamException.FailedWithin();
        if (body["choices"] is not JsonArray { Count: > 0 } choices) throw UpstreamException.Garbled("it has no choices");
        List<AIContent> members = reader.ReadBody(body);
        List<ChatMessage> messages = [];
        for (int i = 0; i < choices.Count; i++)
        {
            if (choices[i] is not JsonObject choice || choice["message"] is not JsonObject json) throw UpstreamException.Garbled("a choice has no message");
            List<AIContent> contents = [.. i == 0 ? members : [], .. reader.ReadMessage(i, json), .. reader.ReadChoice(i, choice), .. reader.End(i)];
            ChatMessage message = new(ChatRole.Assistant, contents);
            message.SetChoice(i);
            if (reader.FinishOf(i) is { } finish) (message.AdditionalProperties ??= [])[CompletionWriter.Finish] = finish;
            messages.Add(message);
        }
        return new(messages) { FinishReason = reader.FinishOf(0), Usage = reader.Usage };
    }
}
