using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Reads the chunks of an upstream's stream. What is read goes on at once; tool calls are put together and go on at the end.</summary>
internal sealed class ChunkReader(AnswerReader reader)
{
    private const int MostChoices = 128;
    private readonly SplitCharacters split = new();

    /// <summary>A chunk's updates, one for each choice in it that has something to pass on.</summary>
    /// <exception cref="UpstreamException">It is no chunk, or says that the model has failed.</exception>
    public IEnumerable<ChatResponseUpdate> Read(ReadOnlySpan<byte> data)
    {
        JsonObject chunk;
        try
        {
            chunk = StrictJson.ParseAnswer(data, out bool hasHalves) as JsonObject ?? throw UpstreamException.Garbled("a chunk is no object");
            if (hasHalves || split.Waits) split.Join(chunk);
        }
        catch (Exception error) when (StrictJson.IsFault(error))
        {
            throw UpstreamException.Garbled("a chunk is not JSON", error);
        }
        return Read(chunk);
    }

    /// <summary>The stream's end: tool calls, what nobody knows, the tokens and the reasons.</summary>
    /// <exception cref="UpstreamException">The stream broke off before its end.</exception>
    public IEnumerable<ChatResponseUpdate> Finish()
    {
        foreach (JsonNode last in split.End())
            foreach (ChatResponseUpdate update in Read((JsonObject)last)) yield return update;
        int[] choices = [.. reader.Choices];
        if (choices.Length == 0 || choices.Any(choice => reader.FinishOf(choice) is null))
            throw new UpstreamException(502, "The model's answer was cut off.", true, "upstream_cut");
        foreach (int choice in choices)
        {
            List<AIContent> contents = reader.End(choice);
            if (choice == choices[^1] && reader.Usage is { } usage) contents.Add(new UsageContent(usage));
            ChatResponseUpdate update = Update(choice, contents);
            update.FinishReason = reader.FinishOf(choice);
            yield return update;
        }
    }

    private List<ChatResponseUpdate> Read(JsonObject chunk)
    {
        if (chunk["error"] is not null || JsonText.Of(chunk["object"]) == "error") throw UpstreamException.FailedWithin();
        List<ChatResponseUpdate> updates = [];
        if (reader.ReadBody(chunk) is { Count: > 0 } members) updates.Add(Update(0, members));
        if (chunk["choices"] is not JsonArray choices) return updates;
        foreach (JsonNode? node in choices)
        {
            if (node is not JsonObject choice) throw UpstreamException.Garbled("a choice is no object");
            int index = choice["index"] is JsonValue at && at.TryGetValue(out int number) ? number : 0;
            if (index is < 0 or >= MostChoices) throw UpstreamException.Garbled($"there is no choice {index}");
            List<AIContent> contents = choice["delta"] is JsonObject delta ? reader.ReadMessage(index, delta) : [];
            contents.AddRange(reader.ReadChoice(index, choice));
            if (contents.Count > 0) updates.Add(Update(index, contents));
        }
        return updates;
    }

    private static ChatResponseUpdate Update(int choice, List<AIContent> contents)
    {
        ChatResponseUpdate update = new(ChatRole.Assistant, contents);
        update.SetChoice(choice);
        return update;
    }
}
