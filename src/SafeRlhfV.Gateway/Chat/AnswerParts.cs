using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Gathers contents of one choice, and writes them as the members of a message, or of a stream's delta.</summary>
/// <param name="call">The request.</param>
/// <param name="firstCall">How many tool calls a stream has had: the next has this index. Null in a whole answer, whose calls have none.</param>
internal sealed class AnswerParts(ChatCall call, int? firstCall = null)
{
    private readonly StringBuilder text = new(), reasoning = new(), refusal = new();
    private readonly List<ToolCall> calls = [];
    private readonly List<MemberContent> members = [];

    /// <summary>How many tool calls there are in <c>tool_calls</c>.</summary>
    public int Calls => calls.Count(one => one.Kind != ToolCallKind.Legacy);

    public void Add(AIContent content)
    {
        switch (content)
        {
            case TextContent part: text.Append(part.Text); break;
            case TextReasoningContent part: reasoning.Append(part.Text); break;
            case ErrorContent part: refusal.Append(part.Message); break;
            case FunctionCallContent part: calls.Add(ToolCall.Of(part)); break;
            case MemberContent part: members.Add(part); break;
        }
    }

    public void WriteTo(JsonObject message, JsonObject choice, JsonObject body)
    {
        if (text.Length > 0) message["content"] = text.ToString();
        if (refusal.Length > 0) message["refusal"] = refusal.ToString();
        if (reasoning.Length > 0)
            foreach (string name in call.ReasoningNames.DefaultIfEmpty("reasoning_content")) message[name] = reasoning.ToString();
        int index = firstCall ?? 0;
        foreach (ToolCall one in calls)
        {
            if (one.Kind == ToolCallKind.Legacy) message["function_call"] = new JsonObject { ["name"] = one.Name, ["arguments"] = one.Arguments };
            else ((JsonArray)(message["tool_calls"] ??= new JsonArray())).Add(Write(one, firstCall is null ? null : index++));
        }
        foreach (MemberContent member in members)
        {
            JsonObject place = member.Place switch { MemberPlace.Message => message, MemberPlace.Choice => choice, _ => body };
            if (place[member.Name] is JsonArray before && member.Json is JsonArray more)
                foreach (JsonNode? item in more) before.Add(item?.DeepClone());
            else place[member.Name] = member.Json.DeepClone();
        }
    }

    private static JsonObject Write(ToolCall call, int? index)
    {
        JsonObject json = [];
        if (index is not null) json["index"] = index;
        json["id"] = call.Id;
        bool isCustom = call.Kind == ToolCallKind.Custom;
        json["type"] = isCustom ? "custom" : "function";
        json[isCustom ? "custom" : "function"] = new JsonObject { ["name"] = call.Name, [isCustom ? "input" : "arguments"] = call.Arguments };
        foreach ((string name, JsonNode? extra) in call.Extras)
            if (!json.ContainsKey(name)) json[name] = extra?.DeepClone();
        return json;
    }
}
