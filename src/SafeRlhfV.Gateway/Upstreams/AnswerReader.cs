using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Reads the members of an answer, whole or in the pieces of a stream. Text, reasoning, refusals, tool calls and what the clients know go on as contents of
/// their own; what nobody knows goes on at the end, judged like all the rest, or is dropped. Nothing is copied unread.
/// </summary>
/// <param name="call">The request.</param>
/// <param name="dropsUnknown">Whether members that nobody knows are dropped.</param>
/// <param name="longest">The most characters that may be gathered for the end of the answer; what goes on at once is counted by the guard.</param>
internal sealed class AnswerReader(ChatCall call, bool dropsUnknown, int longest)
{
    // What clients of OpenAI's interface read of messages beside the standard's own members.
    private static readonly HashSet<string> Known =
        ["annotations", "reasoning_details", "extra_content", "images", "provider_specific_fields", "citations", "thinking_blocks"];

    private readonly SortedDictionary<int, Choice> choices = [];
    private readonly Dictionary<string, JsonNode> body = [];
    private long gathered;

    public UsageDetails? Usage { get; private set; }

    /// <summary>The choices that have begun.</summary>
    public IEnumerable<int> Choices => choices.Keys;

    /// <summary>The contents of a message or a delta that may go on now.</summary>
    public List<AIContent> ReadMessage(int choice, JsonObject message)
    {
        Choice state = Of(choice);
        List<AIContent> contents = [];
        AddReasoning(message, contents);
        foreach ((string name, JsonNode? value) in message)
        {
            if (value is null or JsonArray { Count: 0 } or JsonObject { Count: 0 }) continue;
            switch (name)
            {
                case "role" or "reasoning_content" or "reasoning": break;
                case "content": AddContent(state, value, contents); break;
                case "refusal" when JsonText.OfParts(value) is { } text: contents.Add(Refusal(text)); break;
                case "tool_calls": Gather(state.Calls.Add(value)); break;
                case "function_call": Gather(state.Calls.AddLegacy(value)); break;
                case "audio": contents.Add(new DataContent(ReadOnlyMemory<byte>.Empty, "audio/unknown")); break;
                default: AddMember(state, MemberPlace.Message, name, value, contents); break;
            }
        }
        return contents;
    }

    /// <summary>The contents of a choice's other members that may go on now.</summary>
    public List<AIContent> ReadChoice(int choice, JsonObject json)
    {
        Choice state = Of(choice);
        List<AIContent> contents = [];
        foreach ((string name, JsonNode? value) in json)
        {
            if (value is null || name is "index" or "delta" or "message") continue;
            if (name == "finish_reason") state.Finish = Finish(JsonText.Of(value));
            else if (name != "logprobs") AddMember(state, MemberPlace.Choice, name, value, contents);
            else if (value is JsonObject logprobs && logprobs.Any(list => list.Value is not null))
                contents.Add(new MemberContent(MemberPlace.Choice, name, value));
        }
        return contents;
    }

    /// <summary>The contents of the members beside the choices that may go on now.</summary>
    public List<AIContent> ReadBody(JsonObject json)
    {
        List<AIContent> contents = [];
        foreach ((string name, JsonNode? value) in json)
        {
            if (value is null || name is "id" or "object" or "created" or "model" or "choices") continue;
            if (name == "usage")
            {
                Usage = UsageJson.Read(value) ?? Usage;
                continue;
            }
            if (body.TryGetValue(name, out JsonNode? before) && JsonNode.DeepEquals(before, value)) continue; // each chunk of a stream says it again
            body[name] = value;
            if (name is "system_fingerprint" or "service_tier")
            {
                if (Rebuilt(name, JsonText.Of(value) ?? "") is { } own) contents.Add(new MemberContent(MemberPlace.Body, name, own, isOwn: true));
            }
            else AddMember(Of(0), MemberPlace.Body, name, value, contents);
        }
        return contents;
    }

    /// <summary>Why a choice has ended; null where it has not.</summary>
    public ChatFinishReason? FinishOf(int choice) => Of(choice).Finish;

    /// <summary>What goes on when a choice has ended: its tool calls, and what nobody knows.</summary>
    public List<AIContent> End(int choice)
    {
        Choice state = Of(choice);
        return [.. state.Calls.Contents(), .. state.Later];
    }

    private static ErrorContent Refusal(string text) => new(text) { ErrorCode = GuardReportExtensions.RefusalCode };

    private Choice Of(int index)
    {
        if (!choices.TryGetValue(index, out Choice? choice)) choices[index] = choice = new();
        return choice;
    }

    // Services call it by one name or the other, and some by both; it goes on under the names that it came by.
    private void AddReasoning(JsonObject message, List<AIContent> contents)
    {
        string? first = null;
        foreach (string name in (string[])["reasoning_content", "reasoning"])
        {
            if (message[name] is not { } value) continue;
            string? text = JsonText.OfParts(value);
            if (text is null || (first is not null && first != text)) contents.Add(new MemberContent(MemberPlace.Message, name, value));
            else
            {
                if (text.Length > 0) call.ReasoningNames.Add(name);
                if (first is null) contents.Add(new TextReasoningContent(text));
                first = text;
            }
        }
    }

    private void AddContent(Choice state, JsonNode value, List<AIContent> contents)
    {
        if (value is not JsonArray parts)
        {
            if (JsonText.OfParts(value) is { } text) contents.Add(new TextContent(text));
            else AddMember(state, MemberPlace.Message, "content_parts", value, contents);
            return;
        }
        foreach (JsonNode? node in parts)
        {
            if (node is not JsonObject part)
            {
                if (node is not null) AddContent(state, node, contents);
                continue;
            }
            string? kind = JsonText.Of(part["type"]), read = kind switch
            {
                null or "text" or "output_text" => "text",
                "thinking" or "reasoning" => part["thinking"] is not null ? "thinking" : part["reasoning"] is not null ? "reasoning" : "text",
                "refusal" => "refusal",
                _ => null,
            };
            string? text = read is null ? null : JsonText.OfParts(part[read]);
            if (text is null)
            {
                AddMember(state, MemberPlace.Message, "content_parts", new JsonArray(part.DeepClone()), contents);
                continue;
            }
            if (kind is "thinking" or "reasoning") call.ReasoningNames.Add("reasoning_content");
            contents.Add(kind is "thinking" or "reasoning" ? new TextReasoningContent(text) : kind == "refusal" ? Refusal(text) : new TextContent(text));
            foreach ((string name, JsonNode? extra) in part)
                if (extra is not (null or JsonArray { Count: 0 }) && name != "type" && name != read)
                    AddMember(state, MemberPlace.Message, name, extra, contents);
        }
    }

    private void AddMember(Choice state, MemberPlace place, string name, JsonNode value, List<AIContent> contents)
    {
        if (Known.Contains(name)) contents.Add(new MemberContent(place, name, value));
        else if (!dropsUnknown)
        {
            Gather(name.Length + value.ToJsonString().Length);
            state.Later.Add(new(place, name, value));
        }
    }

    private void Gather(int characters)
    {
        if ((gathered += characters) > longest)
            throw new UpstreamException(502, $"The model's answer is longer than {longest} characters (limits.answer_characters).", false, "answer_too_long");
    }

    private static JsonValue? Rebuilt(string name, string value) => name switch
    {
        "system_fingerprint" => value.Length == 0
            ? null
            : JsonValue.Create($"fp_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)))[..10]}"),
        _ => value is "auto" or "default" or "flex" or "scale" or "priority" ? JsonValue.Create(value) : null,
    };

    private static ChatFinishReason? Finish(string? reason) => reason switch
    {
        null => null,
        "stop" or "length" or "tool_calls" or "content_filter" or "function_call" => new(reason),
        "max_tokens" => ChatFinishReason.Length,
        "error" or "abort" => throw UpstreamException.FailedWithin(),
        _ => ChatFinishReason.Stop,
    };

    private sealed class Choice
    {
        public CallGatherer Calls { get; } = new();

        public List<MemberContent> Later { get; } = [];

        public ChatFinishReason? Finish { get; set; }
    }
}
