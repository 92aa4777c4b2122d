using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Reads the chunks of an upstream's stream. Text goes on at once; tool calls are put together and go on at the end.</summary>
internal sealed class ChunkReader
{
    private readonly SortedDictionary<int, Call> calls = [];
    private string? id, model, finish;
    private UsageDetails? usage;

    /// <summary>A chunk's update, or null where it holds nothing to pass on yet.</summary>
    public ChatResponseUpdate? Read(ReadOnlySpan<byte> data)
    {
        JsonObject chunk;
        try
        {
            chunk = StrictJson.Parse(data) as JsonObject ?? throw UpstreamException.Garbled("a chunk is no object");
        }
        catch (Exception error) when (StrictJson.IsFault(error))
        {
            throw UpstreamException.Garbled("a chunk is not JSON", error);
        }
        if (chunk["error"] is not null) throw new UpstreamException(502, "The model has failed while answering.", true);
        id ??= CompletionReader.Text(chunk["id"]);
        model ??= CompletionReader.Text(chunk["model"]);
        usage = CompletionReader.Usage(chunk["usage"]) ?? usage;
        if (chunk["choices"] is not JsonArray { Count: > 0 } choices) return null;
        if (choices.Count > 1 || choices[0] is not JsonObject choice) throw UpstreamException.Garbled("a chunk has several choices");
        finish = CompletionReader.Text(choice["finish_reason"]) ?? finish;
        if (choice["delta"] is not JsonObject delta) return null;
        List<AIContent> contents = [];
        foreach ((string name, JsonNode? value) in delta)
        {
            if (name == "role" || value is null) continue;
            if (name == "tool_calls") AddCalls(value);
            else if (CompletionReader.Text(value) is not { } text) throw UpstreamException.Garbled($"'{name}' is no text");
            else if (text.Length > 0) contents.Add(name is "reasoning_content" or "reasoning" ? new TextReasoningContent(text) : new TextContent(text));
        }
        return contents.Count == 0 ? null : Update(contents);
    }

    /// <summary>The stream's end: tool calls, usage and the reason.</summary>
    /// <exception cref="UpstreamException">The stream broke off before its end.</exception>
    public ChatResponseUpdate Finish()
    {
        if (finish is null) throw new UpstreamException(502, "The model's answer was cut off.", true, "upstream_cut");
        List<AIContent> contents = [.. calls.Values.Select(call => call.ToContent())];
        if (usage is not null) contents.Add(new UsageContent(usage));
        ChatResponseUpdate update = Update(contents);
        update.FinishReason = new ChatFinishReason(finish);
        return update;
    }

    private ChatResponseUpdate Update(List<AIContent> contents) => new(ChatRole.Assistant, contents) { ResponseId = id, ModelId = model };

    private void AddCalls(JsonNode value)
    {
        if (value is not JsonArray calls) throw UpstreamException.Garbled("'tool_calls' is no list");
        foreach (JsonNode? node in calls)
        {
            if (node is not JsonObject part || part["index"] is not JsonValue at || !at.TryGetValue(out int index) || index is < 0 or > 1000)
                throw UpstreamException.Garbled("a tool call has no index");
            if (!this.calls.TryGetValue(index, out Call? call)) this.calls[index] = call = new();
            call.Id ??= CompletionReader.Text(part["id"]);
            if (part["function"] is not JsonObject function) continue;
            call.Name ??= CompletionReader.Text(function["name"]);
            call.Arguments.Append(CompletionReader.Text(function["arguments"]));
        }
    }

    private sealed class Call
    {
        public string? Id { get; set; }

        public string? Name { get; set; }

        public StringBuilder Arguments { get; } = new();

        public FunctionCallContent ToContent()
        {
            string arguments = Arguments.ToString();
            object? opened = arguments;
            try
            {
                opened = JsonElement.Parse(arguments);
            }
            catch (JsonException)
            {
                // then the string itself is judged
            }
            return new(Id ?? "", Name ?? "",
                new Dictionary<string, object?> { ["arguments"] = opened })
            { AdditionalProperties = new() { ["arguments"] = arguments } };
        }
    }
}
