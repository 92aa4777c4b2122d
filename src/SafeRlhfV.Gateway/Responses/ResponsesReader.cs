using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>Puts a Responses request into the form of a chat request, which is what is judged and sent.</summary>
internal static class ResponsesReader
{
    /// <summary>The chat request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="conversation">Its input, after what went before it.</param>
    /// <param name="hostedTools">The types of tools that may go on to the upstream as they are.</param>
    /// <exception cref="ApiException">It is not sound, or says what cannot be judged or passed on.</exception>
    public static JsonObject ToChat(JsonObject body, IReadOnlyList<JsonObject> conversation, IReadOnlyList<string> hostedTools)
    {
        // a draft must not stay where it can be had later
        JsonObject chat = new() { ["model"] = JsonText.Required(body["model"], "model"), ["store"] = false };
        ChatBody.Copy(body, chat, ("max_output_tokens", "max_tokens"), ("temperature", "temperature"), ("top_p", "top_p"), ("stream", "stream"),
            ("parallel_tool_calls", "parallel_tool_calls"), ("user", "user"), ("safety_identifier", "safety_identifier"),
            ("prompt_cache_key", "prompt_cache_key"), ("service_tier", "service_tier"), ("moderation", "moderation"));
        if (body["truncation"] is { } cut && JsonText.Required(cut, "truncation") != "disabled")
            throw ApiException.Invalid("truncation must be disabled: the conversation is sent as it was judged.", "truncation", "unsupported_parameter");
        if (body["reasoning"] is JsonObject reasoning) ChatBody.Copy(reasoning, chat, ("effort", "reasoning_effort"));
        AddLogprobs(body, chat);
        if (body["text"] is JsonObject text) AddFormat(text, chat);
        if (body["tools"] is { } tools) AddTools(tools, hostedTools, chat);
        if (body["tool_choice"] is { } choice) chat["tool_choice"] = Choice(choice);

        JsonArray messages = [];
        if (body["instructions"] is { } instructions) messages.Add(ChatBody.Message("system", JsonText.Required(instructions, "instructions")));
        ResponseInput items = new(messages);
        int before = conversation.Count - ((body["input"] as JsonArray)?.Count ?? 1);
        for (int i = 0; i < conversation.Count; i++) items.Add(conversation[i], i < before ? "previous_response_id" : $"input[{i - before}]");
        items.End();
        chat["messages"] = messages;
        return chat;
    }

    private static void AddLogprobs(JsonObject body, JsonObject chat)
    {
        bool isWanted = body["include"] is JsonArray include && include.Any(one => JsonText.Of(one) == "message.output_text.logprobs");
        if (body["top_logprobs"] is { } top && JsonScalar.Whole(top) != 0)
            (isWanted, chat["top_logprobs"]) = (true, top.DeepClone());
        if (isWanted) chat["logprobs"] = true;
    }

    private static void AddFormat(JsonObject text, JsonObject chat)
    {
        ChatBody.Copy(text, chat, ("verbosity", "verbosity"));
        if (text["format"] is not JsonObject format) return;
        string type = JsonText.Required(format["type"], "text.format.type");
        if (type == "text") return;
        JsonObject asked = new() { ["type"] = type };
        if (type == "json_schema")
        {
            JsonObject schema = [];
            ChatBody.Copy(format, schema, ("name", "name"), ("schema", "schema"), ("description", "description"), ("strict", "strict"));
            asked["json_schema"] = schema;
        }
        else if (type != "json_object")
            throw ApiException.Invalid("text.format.type must be text, json_object or json_schema.", "text.format.type");
        chat["response_format"] = asked;
    }

    private static void AddTools(JsonNode tools, IReadOnlyList<string> hostedTools, JsonObject chat)
    {
        if (tools is not JsonArray list) throw ApiException.Invalid("tools must be a list.", "tools");
        JsonArray added = [];
        for (int i = 0; i < list.Count; i++)
        {
            string param = $"tools[{i}]";
            if (list[i] is not JsonObject tool) throw ApiException.Invalid($"{param} must be an object.", param);
            string type = JsonText.Required(tool["type"], $"{param}.type");
            if (type is "function" or "custom")
            {
                if (tool.FirstOrDefault(member => !ResponsesFields.OfTools.Contains(member.Key)).Key is { } other)
                    throw ApiException.Invalid($"{param}.{other} is not known here.", $"{param}.{other}", "unknown_parameter");
                string name = JsonText.Required(tool["name"], $"{param}.name");
                added.Add(type == "function" ? ChatBody.Function(name, tool["description"], tool["parameters"], tool["strict"]) : Custom(tool, name));
            }
            else if (hostedTools.Contains(type)) added.Add(tool.DeepClone());
            else
                throw ApiException.Invalid($"Tools of type '{ApiException.Short(type)}' bring content that never passes the gateway; the "
                    + "operator can allow them (hosted_tools).", $"{param}.type", "unsupported_content");
        }
        if (added.Count > 0) chat["tools"] = added;
    }

    private static JsonObject Custom(JsonObject tool, string name)
    {
        JsonObject custom = new() { ["name"] = name };
        ChatBody.Copy(tool, custom, ("description", "description"));
        if (tool["format"] is JsonObject format)
        {
            JsonObject asked = new() { ["type"] = format["type"]?.DeepClone() };
            if (JsonText.Of(format["type"]) == "grammar")
            {
                JsonObject grammar = [];
                ChatBody.Copy(format, grammar, ("definition", "definition"), ("syntax", "syntax"));
                asked["grammar"] = grammar;
            }
            custom["format"] = asked;
        }
        return new() { ["type"] = "custom", ["custom"] = custom };
    }

    private static JsonNode Choice(JsonNode choice)
    {
        if (choice is not JsonObject chosen) return JsonText.Required(choice, "tool_choice");
        string type = JsonText.Required(chosen["type"], "tool_choice.type");
        switch (type)
        {
            case "function" or "custom": return Named(chosen, type, "tool_choice");
            case "allowed_tools":
                JsonArray tools = [];
                if (chosen["tools"] is JsonArray list)
                    for (int i = 0; i < list.Count; i++)
                        tools.Add(Named(list[i] as JsonObject, JsonText.Of((list[i] as JsonObject)?["type"]) ?? "", $"tool_choice.tools[{i}]"));
                return new JsonObject { ["type"] = type, [type] = new JsonObject { ["mode"] = chosen["mode"]?.DeepClone(), ["tools"] = tools } };
            default:
                throw ApiException.Invalid("tool_choice must be none, auto, required, or name a function, a custom tool or allowed tools.", "tool_choice",
                    "unsupported_content");
        }
    }

    private static JsonObject Named(JsonObject? tool, string type, string param) => type is "function" or "custom"
        ? new() { ["type"] = type, [type] = new JsonObject { ["name"] = JsonText.Required(tool!["name"], $"{param}.name") } }
        : throw ApiException.Invalid($"{param}.type must be function or custom.", $"{param}.type");
}
