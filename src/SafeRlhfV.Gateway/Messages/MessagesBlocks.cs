using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>Puts the content blocks of Messages requests into the form of chat messages.</summary>
internal static class MessagesBlocks
{
    /// <summary>The parts of a content that holds texts alone.</summary>
    public static List<JsonObject> Texts(JsonNode? content, string param)
    {
        List<JsonObject> parts = Parts(content, param);
        return parts.TrueForAll(part => JsonText.Of(part["type"]) == "text") ? parts : throw ApiException.Unjudged("something other than text", param);
    }

    /// <summary>Adds a user's turn: first the results of tools, each a message of its own, then the rest.</summary>
    public static void AddUser(JsonArray messages, JsonNode? content, string param)
    {
        List<JsonObject> parts = [], images = [];
        foreach ((JsonObject block, string place) in Blocks(content, param))
        {
            if (JsonText.Of(block["type"]) != "tool_result")
            {
                AddPart(block, place, parts);
                continue;
            }
            List<JsonObject> result = block["content"] is null ? [] : Parts(block["content"], $"{place}.content");
            if (JsonScalar.Flag(block["is_error"]) == true) result.Insert(0, ChatBody.Text("The tool has failed:\n"));
            ChatBody.AddResult(messages, JsonText.Required(block["tool_use_id"], $"{place}.tool_use_id"), result, images);
        }
        if (images.Count + parts.Count > 0) messages.Add(ChatBody.Message("user", ChatBody.Content([.. images, .. parts])));
    }

    /// <summary>An earlier answer.</summary>
    public static JsonObject Assistant(JsonNode? content, string param)
    {
        List<JsonObject> parts = [];
        List<string> thinking = [];
        JsonArray calls = [];
        foreach ((JsonObject block, string place) in Blocks(content, param))
            switch (JsonText.Of(block["type"]))
            {
                case "thinking": thinking.Add(JsonText.Required(block["thinking"], $"{place}.thinking")); break;
                case "redacted_thinking": break;
                case "tool_use":
                    calls.Add(ChatBody.Call(JsonText.Required(block["id"], $"{place}.id"), JsonText.Required(block["name"], $"{place}.name"),
                        JsonText.Write(block["input"] ?? new JsonObject())));
                    break;
                default: AddPart(block, place, parts); break;
            }
        JsonObject message = ChatBody.Message("assistant", parts.Count == 0 ? null : ChatBody.Content(parts));
        if (thinking.Count > 0) message["reasoning_content"] = string.Join('\n', thinking);
        if (calls.Count > 0) message["tool_calls"] = calls;
        return message;
    }

    private static List<JsonObject> Parts(JsonNode? content, string param)
    {
        List<JsonObject> parts = [];
        foreach ((JsonObject block, string place) in Blocks(content, param)) AddPart(block, place, parts);
        return parts;
    }

    private static List<(JsonObject, string)> Blocks(JsonNode? content, string param)
    {
        if (JsonText.Of(content) is { } text) return [(ChatBody.Text(text), param)];
        if (content is not JsonArray list) throw ApiException.Invalid($"{param} must be a text or a list of blocks.", param);
        return [.. list.Select((node, i) => (node as JsonObject ?? throw ApiException.Invalid($"{param}[{i}] must be an object.", param), $"{param}[{i}]"))];
    }

    private static void AddPart(JsonObject block, string param, List<JsonObject> parts)
    {
        string type = JsonText.Required(block["type"], $"{param}.type");
        switch (type)
        {
            case "text": parts.Add(ChatBody.Text(JsonText.Required(block["text"], $"{param}.text"))); break;
            case "image": parts.Add(ChatBody.Image(Address(Source(block, param), $"{param}.source"))); break;
            case "document": AddDocument(block, param, parts); break;
            case "search_result":
                AddHeading($"Search result: {JsonText.Of(block["title"])} ({JsonText.Required(block["source"], $"{param}.source")})", parts);
                parts.AddRange(Texts(block["content"], $"{param}.content"));
                break;
            default: throw ApiException.Unjudged($"a block of type '{ApiException.Short(type)}'", param);
        }
    }

    private static void AddDocument(JsonObject block, string param, List<JsonObject> parts)
    {
        JsonObject source = Source(block, param);
        if (JsonText.Of(block["title"]) is { } title) AddHeading($"Document: {title}", parts);
        if (JsonText.Of(block["context"]) is { } context) AddHeading(context, parts);
        switch (JsonText.Of(source["type"]))
        {
            case "text": parts.Add(ChatBody.Text(JsonText.Required(source["data"], $"{param}.source.data"))); break;
            case "content": parts.AddRange(Parts(source["content"], $"{param}.source.content")); break;
            default: throw ApiException.Unjudged("a document other than a text", param);
        }
    }

    private static void AddHeading(string text, List<JsonObject> parts) => parts.Add(ChatBody.Text(text + "\n"));

    private static JsonObject Source(JsonObject block, string param) =>
        block["source"] as JsonObject ?? throw ApiException.Invalid($"{param}.source must be an object.", $"{param}.source");

    private static string Address(JsonObject source, string param) => JsonText.Required(source["type"], $"{param}.type") switch
    {
        "base64" => $"data:{JsonText.Required(source["media_type"], $"{param}.media_type")};base64,{JsonText.Required(source["data"], $"{param}.data")}",
        "url" => JsonText.Required(source["url"], $"{param}.url"),
        _ => throw ApiException.Invalid($"{param}.type must be base64 or url.", $"{param}.type", "unsupported_content"),
    };
}
