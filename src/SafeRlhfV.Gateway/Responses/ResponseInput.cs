using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Puts the items of a Responses request into the form of chat messages: what an assistant thought, said and called is one message, each result of a tool is
/// one, and the images of results follow them in a turn of the user.
/// </summary>
/// <param name="messages">Where the messages go.</param>
internal sealed class ResponseInput(JsonArray messages)
{
    private readonly List<JsonObject> images = [];
    private JsonObject? assistant;

    public void Add(JsonObject item, string param)
    {
        string type = JsonText.Of(item["type"]) ?? "message";
        switch (type)
        {
            case "message": AddMessage(item, param); break;
            case "reasoning": AddReasoning(item, param); break;
            case "function_call":
                AddCall(ChatBody.Call(Text(item, "call_id", param), Text(item, "name", param), Text(item, "arguments", param)));
                break;
            case "custom_tool_call":
                AddCall(new()
                {
                    ["id"] = Text(item, "call_id", param),
                    ["type"] = "custom",
                    ["custom"] = new JsonObject { ["name"] = Text(item, "name", param), ["input"] = Text(item, "input", param) },
                });
                break;
            case "function_call_output" or "custom_tool_call_output":
                assistant = null;
                ChatBody.AddResult(messages, Text(item, "call_id", param), Parts(item["output"], $"{param}.output"), images);
                break;
            default:
                throw ApiException.Unjudged($"an item of type '{ApiException.Short(type)}'", param);
        }
    }

    /// <summary>Nothing follows.</summary>
    public void End()
    {
        if (images.Count > 0) messages.Add(ChatBody.Message("user", ChatBody.Content([.. images])));
        images.Clear();
        assistant = null;
    }

    private void AddMessage(JsonObject item, string param)
    {
        string role = Text(item, "role", param);
        JsonNode content = ChatBody.Content(Parts(item["content"], $"{param}.content"));
        if (role == "assistant")
        {
            if (assistant is null || assistant["content"] is not null || assistant["tool_calls"] is not null) Begin();
            assistant!["content"] = content;
            return;
        }
        End();
        messages.Add(ChatBody.Message(role, content));
    }

    private void AddReasoning(JsonObject item, string param)
    {
        string said = string.Join('\n', Texts(item["content"], $"{param}.content"));
        if (said.Length == 0) said = string.Join('\n', Texts(item["summary"], $"{param}.summary"));
        if (said.Length == 0) return; // encrypted, which no model here reads
        Begin();
        assistant!["reasoning_content"] = said;
    }

    private void AddCall(JsonObject call)
    {
        if (assistant is null) Begin();
        ((JsonArray)(assistant!["tool_calls"] ??= new JsonArray())).Add(call);
    }

    private void Begin()
    {
        End();
        messages.Add(assistant = ChatBody.Message("assistant", null));
    }

    private static IEnumerable<string> Texts(JsonNode? parts, string param) => parts is not JsonArray list
        ? []
        : list.Select((part, i) => JsonText.Required((part as JsonObject)?["text"], $"{param}[{i}].text"));

    private static List<JsonObject> Parts(JsonNode? content, string param)
    {
        if (JsonText.Of(content) is { } text) return [ChatBody.Text(text)];
        if (content is not JsonArray list) throw ApiException.Invalid($"{param} must be a text or a list of parts.", param);
        return
        [
            .. list.Select((node, i) =>
                Part(node as JsonObject ?? throw ApiException.Invalid($"{param}[{i}] must be an object.", param), $"{param}[{i}]")),
        ];
    }

    private static JsonObject Part(JsonObject part, string param)
    {
        string type = Text(part, "type", param);
        return type switch
        {
            "input_text" or "output_text" or "text" => ChatBody.Text(Text(part, "text", param)),
            "refusal" => ChatBody.Text(Text(part, "refusal", param)),
            "input_image" => ChatBody.Image(Text(part, "image_url", param), part["detail"] is null ? null : Text(part, "detail", param)),
            _ => throw ApiException.Unjudged($"a part of type '{ApiException.Short(type)}'", param, $"{param}.type"),
        };
    }

    private static string Text(JsonObject from, string name, string param) => JsonText.Required(from[name], $"{param}.{name}");
}
