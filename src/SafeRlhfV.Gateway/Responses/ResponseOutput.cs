using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>
/// The output items of a response, made of contents one after the other, with the events that tell of them. A text's event comes only after those that begin
/// its item and its part, since clients keep a state of both.
/// </summary>
/// <param name="name">What the names of the items are made of.</param>
/// <param name="reasoning">How reasoning is shown.</param>
internal sealed class ResponseOutput(string name, ResponsePart reasoning)
{
    private readonly StringBuilder text = new();
    private JsonArray logprobs = [], newLogprobs = [], annotations = [];
    private JsonObject? item;
    private ResponsePart? part;
    private ToolCall? call;

    /// <summary>The items that have ended.</summary>
    public JsonArray Output { get; } = [];

    /// <summary>Whether an item has begun.</summary>
    public bool HasBegun => item is not null || Output.Count > 0;

    /// <summary>Whether anything but refusals has been said.</summary>
    public bool HasSaid { get; private set; }

    /// <summary>Adds a content.</summary>
    /// <returns>Its events, without their numbers.</returns>
    public List<JsonObject> Add(AIContent content)
    {
        List<JsonObject> events = [];
        switch (content)
        {
            case TextContent said: AddText(ResponsePart.OutputText, said.Text, events); break;
            case TextReasoningContent thought: AddText(reasoning, thought.Text, events); break;
            case ErrorContent refusal: AddText(ResponsePart.Refusal, refusal.Message, events); break;
            case FunctionCallContent asked: AddCall(ToolCall.Of(asked), events); break;
            case MemberContent { Place: MemberPlace.Choice, Name: "logprobs", Json: JsonObject tokens }:
                if (tokens["content"] is JsonArray more)
                    foreach (JsonNode? token in more) newLogprobs.Add(token?.DeepClone());
                break;
            case MemberContent { Place: MemberPlace.Message, Name: "annotations", Json: JsonArray sources } when part == ResponsePart.OutputText:
                foreach (JsonNode? source in sources) AddAnnotation(source as JsonObject, events);
                break;
        }
        return events;
    }

    /// <summary>Ends the last item.</summary>
    /// <param name="status">How it ends.</param>
    public List<JsonObject> End(string status)
    {
        List<JsonObject> events = [];
        EndItem(status, events);
        return events;
    }

    private void AddText(ResponsePart kind, string said, List<JsonObject> events)
    {
        if (said.Length == 0) return;
        HasSaid |= kind != ResponsePart.Refusal;
        if (call is not null || (item is not null && JsonText.Of(item["type"]) != kind.Item)) EndItem("completed", events);
        if (item is null) BeginItem(kind.Item, events);
        if (part != kind)
        {
            EndPart(events);
            part = kind;
            events.Add(Around("added"));
        }
        text.Append(said);
        JsonObject delta = At($"{kind.Event}.delta");
        delta["delta"] = said;
        if (kind == ResponsePart.OutputText) delta["logprobs"] = TakeLogprobs();
        events.Add(delta);
    }

    private void AddCall(ToolCall asked, List<JsonObject> events)
    {
        EndItem("completed", events);
        HasSaid = true;
        call = asked;
        BeginItem(IsCustom ? "custom_tool_call" : "function_call", events);
        if (asked.Arguments.Length == 0) return;
        JsonObject delta = OfItem(IsCustom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta");
        delta["delta"] = asked.Arguments;
        events.Add(delta);
    }

    // Chat completions wrap the members of an annotation once more.
    private void AddAnnotation(JsonObject? source, List<JsonObject> events)
    {
        if (source is null || JsonText.Of(source["type"]) is not { } type) return;
        JsonObject flat = source[type] is JsonObject inner ? (JsonObject)inner.DeepClone() : (JsonObject)source.DeepClone();
        flat["type"] = type;
        annotations.Add(flat);
        JsonObject added = At("response.output_text.annotation.added");
        added["annotation_index"] = annotations.Count - 1;
        added["annotation"] = flat.DeepClone();
        events.Add(added);
    }

    private bool IsCustom => call!.Kind == ToolCallKind.Custom;

    private void BeginItem(string type, List<JsonObject> events)
    {
        string prefix = type switch { "message" => "msg", "reasoning" => "rs", "custom_tool_call" => "ctc", _ => "fc" };
        item = new() { ["id"] = $"{prefix}_{name}{Output.Count:x2}", ["type"] = type, ["status"] = "in_progress" };
        if (call is not null)
        {
            item["call_id"] = call.Id;
            item["name"] = call.Name;
            item[IsCustom ? "input" : "arguments"] = "";
        }
        else if (type == "message") (item["role"], item["content"]) = ("assistant", new JsonArray());
        else (item["summary"], item["content"], item["encrypted_content"]) = (new JsonArray(), new JsonArray(), null);
        events.Add(AroundItem("added"));
    }

    private void EndItem(string status, List<JsonObject> events)
    {
        if (item is null) return;
        EndPart(events);
        if (call is not null)
        {
            string member = IsCustom ? "input" : "arguments";
            item[member] = call.Arguments;
            JsonObject done = OfItem(IsCustom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done");
            if (!IsCustom) done["name"] = call.Name;
            done[member] = call.Arguments;
            events.Add(done);
        }
        item["status"] = status;
        events.Add(AroundItem("done"));
        Output.Add(item);
        (item, call) = (null, null);
    }

    private void EndPart(List<JsonObject> events)
    {
        if (part is null) return;
        TakeLogprobs();
        JsonObject done = At($"{part.Event}.done");
        done[part.Text] = text.ToString();
        if (part == ResponsePart.OutputText) done["logprobs"] = logprobs.DeepClone();
        events.Add(done);
        JsonObject around = Around("done");
        events.Add(around);
        ((JsonArray)item![part.List]!).Add(around["part"]!.DeepClone());
        text.Clear();
        (part, logprobs, annotations) = (null, [], []);
    }

    // Those since the last text.
    private JsonArray TakeLogprobs()
    {
        JsonArray taken = newLogprobs;
        foreach (JsonNode? token in taken) logprobs.Add(token?.DeepClone());
        newLogprobs = [];
        return taken;
    }

    private JsonObject Around(string what)
    {
        JsonObject around = At($"{part!.Around}.{what}");
        JsonObject inner = new() { ["type"] = part.Type, [part.Text] = text.ToString() };
        if (part == ResponsePart.OutputText) (inner["annotations"], inner["logprobs"]) = (annotations.DeepClone(), logprobs.DeepClone());
        around["part"] = inner;
        return around;
    }

    private JsonObject AroundItem(string what) =>
        new() { ["type"] = $"response.output_item.{what}", ["output_index"] = Output.Count, ["item"] = item!.DeepClone() };

    private JsonObject At(string type)
    {
        JsonObject one = OfItem(type);
        one[part!.Index] = ((JsonArray)item![part.List]!).Count;
        return one;
    }

    private JsonObject OfItem(string type) => new() { ["type"] = type, ["item_id"] = JsonText.Of(item!["id"]), ["output_index"] = Output.Count };
}
