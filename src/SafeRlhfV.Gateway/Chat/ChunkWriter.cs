using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Writes the chunks of a stream in OpenAI's shape, out of nothing but what was judged.</summary>
internal sealed class ChunkWriter(ChatCall call)
{
    private readonly Dictionary<int, int> calls = []; // how many tool calls each choice has had
    private readonly JsonObject body = []; // what each chunk says beside its choices

    /// <summary>The chunks of one update.</summary>
    public IEnumerable<JsonObject> Write(ChatResponseUpdate update)
    {
        int index = update.GetChoice();
        bool isFirst = !calls.TryGetValue(index, out int before);
        AnswerParts parts = new(call, before);
        foreach (AIContent content in update.Contents) parts.Add(content);
        JsonObject delta = [], choice = new() { ["index"] = index, ["delta"] = delta, ["finish_reason"] = null };
        parts.WriteTo(delta, choice, body);
        if (delta.Count > 0 || choice.Count > 3)
        {
            if (isFirst) delta.Insert(0, "role", "assistant");
            calls[index] = before + parts.Calls;
            yield return Chunk(choice);
        }
        if (update.FinishReason is not { } finish) yield break;
        delta = [];
        if (!calls.ContainsKey(index)) delta["role"] = "assistant";
        calls.TryAdd(index, 0);
        yield return Chunk(new JsonObject { ["index"] = index, ["delta"] = delta, ["finish_reason"] = finish.Value });
    }

    /// <summary>A chunk without choices, for what is told of the answer as a whole.</summary>
    public JsonObject Beside(string name, JsonNode value)
    {
        JsonObject chunk = Chunk(null);
        chunk[name] = value;
        return chunk;
    }

    private JsonObject Chunk(JsonObject? choice)
    {
        JsonObject chunk = new()
        {
            ["id"] = call.CompletionId,
            ["object"] = "chat.completion.chunk",
            ["created"] = call.Created,
            ["model"] = call.Model,
        };
        foreach ((string name, JsonNode? value) in body) chunk[name] = value?.DeepClone();
        chunk["choices"] = choice is null ? [] : new JsonArray(choice);
        return chunk;
    }
}
