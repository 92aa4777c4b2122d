using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>Puts a Messages request into the form of a chat request, which is what is judged and sent.</summary>
internal static class MessagesReader
{
    /// <summary>The chat request.</summary>
    /// <param name="body">The request.</param>
    /// <param name="needsMaximum">Whether <c>max_tokens</c> must be there.</param>
    /// <exception cref="ApiException">It is not sound, or says what cannot be judged or passed on.</exception>
    public static JsonObject ToChat(JsonObject body, bool needsMaximum = true)
    {
        MessagesFields.Table.Check(body);
        if (needsMaximum && body["max_tokens"] is null)
            throw ApiException.Invalid("max_tokens is missing: the most tokens of the answer, a whole number from 1.", "max_tokens");
        if (needsMaximum && JsonScalar.Whole(body["max_tokens"]) is not >= 1)
            throw ApiException.Invalid("max_tokens must be a whole number from 1.", "max_tokens");
        JsonObject chat = new() { ["model"] = JsonText.Required(body["model"], "model") };
        ChatBody.Copy(body, chat, ("max_tokens", "max_tokens"), ("temperature", "temperature"), ("top_p", "top_p"), ("top_k", "top_k"), ("stream", "stream"),
            ("stop_sequences", "stop"));
        if (body["metadata"] is JsonObject metadata) ChatBody.Copy(metadata, chat, ("user_id", "user"));
        AddEffort(body, chat);
        AddTools(body, chat);

        JsonArray messages = [];
        if (body["system"] is { } system && MessagesBlocks.Texts(system, "system") is { Count: > 0 } instructions)
            messages.Add(ChatBody.Message("system", ChatBody.Content(instructions)));
        if (body["messages"] is not JsonArray { Count: > 0 } turns)
            throw ApiException.Invalid("messages must be a list with at least one message.", "messages");
        for (int i = 0; i < turns.Count; i++)
        {
            string param = $"messages[{i}]";
            if (turns[i] is not JsonObject turn) throw ApiException.Invalid($"{param} must be an object.", param);
            string role = JsonText.Required(turn["role"], $"{param}.role");
            switch (role)
            {
                case "system":
                    messages.Add(ChatBody.Message(role, ChatBody.Content(MessagesBlocks.Texts(turn["content"], $"{param}.content"))));
                    break;
                case "user": MessagesBlocks.AddUser(messages, turn["content"], $"{param}.content"); break;
                case "assistant" when i == turns.Count - 1:
                    throw ApiException.Invalid("The last message is the assistant's; an answer cannot be begun for the model. End with a user message.", param,
                        "unsupported_content");
                case "assistant": messages.Add(MessagesBlocks.Assistant(turn["content"], $"{param}.content")); break;
                default: throw ApiException.Invalid("The role must be user, assistant or system.", $"{param}.role");
            }
        }
        chat["messages"] = messages;
        return chat;
    }

    private static void AddEffort(JsonObject body, JsonObject chat)
    {
        if (body["thinking"] is JsonObject thinking)
            switch (JsonText.Required(thinking["type"], "thinking.type"))
            {
                case "disabled" or "adaptive": break;
                case "enabled":
                    long budget = JsonScalar.Whole(thinking["budget_tokens"]) is { } tokens
                        ? tokens
                        : throw ApiException.Invalid($"thinking.budget_tokens must be {JsonScalar.WholeWords}.", "thinking.budget_tokens");
                    chat["reasoning_effort"] = budget < 4096 ? "low" : budget < 16384 ? "medium" : "high";
                    break;
                default: throw ApiException.Invalid("thinking.type must be enabled, disabled or adaptive.", "thinking.type");
            }
        if (body["output_config"] is not JsonObject output) return;
        if (output["effort"] is { } effort)
            chat["reasoning_effort"] = JsonText.Required(effort, "output_config.effort") switch
            {
                "max" => "xhigh", // the highest that chat requests have
                "low" or "medium" or "high" or "xhigh" => effort.DeepClone(),
                _ => throw ApiException.Invalid("output_config.effort must be low, medium, high, xhigh or max.", "output_config.effort"),
            };
        if (output["format"] is not JsonObject format) return;
        if (JsonText.Required(format["type"], "output_config.format.type") != "json_schema")
            throw ApiException.Invalid("output_config.format.type must be json_schema.", "output_config.format.type");
        if (format["schema"] is not JsonObject schema)
            throw ApiException.Invalid("output_config.format.schema must be an object.", "output_config.format.schema");
        chat["response_format"] = new JsonObject
        {
            ["type"] = "json_schema",
            ["json_schema"] = new JsonObject { ["name"] = "answer", ["schema"] = schema.DeepClone(), ["strict"] = true },
        };
    }

    private static void AddTools(JsonObject body, JsonObject chat)
    {
        if (body["tools"] is { } tools)
        {
            if (tools is not JsonArray list) throw ApiException.Invalid("tools must be a list.", "tools");
            JsonArray functions = [];
            for (int i = 0; i < list.Count; i++)
            {
                string param = $"tools[{i}]";
                if (list[i] is not JsonObject tool) throw ApiException.Invalid($"{param} must be an object.", param);
                if (tool["type"] is { } type && JsonText.Required(type, $"{param}.type") != "custom")
                    throw ApiException.Invalid($"{param}: only custom tools can be sent.", $"{param}.type", "unsupported_content");
                functions.Add(ChatBody.Function(JsonText.Required(tool["name"], $"{param}.name"), tool["description"], tool["input_schema"], tool["strict"]));
            }
            if (functions.Count > 0) chat["tools"] = functions;
        }
        if (body["tool_choice"] is not { } choice) return;
        if (choice is not JsonObject chosen) throw ApiException.Invalid("tool_choice must be an object.", "tool_choice");
        chat["tool_choice"] = JsonText.Required(chosen["type"], "tool_choice.type") switch
        {
            "auto" => "auto",
            "any" => "required",
            "none" => "none",
            "tool" => new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = JsonText.Required(chosen["name"], "tool_choice.name") },
            },
            _ => throw ApiException.Invalid("tool_choice.type must be auto, any, tool or none.", "tool_choice.type"),
        };
        if (JsonScalar.Flag(chosen["disable_parallel_tool_use"]) == true) chat["parallel_tool_calls"] = false;
    }
}
