using System.Globalization;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>Writes the parts of a chat request, for the wires whose requests are put into that form.</summary>
internal static class ChatBody
{
    /// <summary>A number as a request has it: one that can be read as any kind of number.</summary>
    public static JsonNode Number(long number) => JsonNode.Parse(number.ToString(CultureInfo.InvariantCulture))!;

    public static JsonObject Message(string role, JsonNode? content) => new() { ["role"] = role, ["content"] = content };

    public static JsonObject Text(string text) => new() { ["type"] = "text", ["text"] = text };

    public static JsonObject Image(string url, string? detail = null)
    {
        JsonObject image = new() { ["url"] = url };
        if (detail is not null) image["detail"] = detail;
        return new() { ["type"] = "image_url", ["image_url"] = image };
    }

    /// <summary>Parts as a message's content: a lone text is a text, since not every model takes parts.</summary>
    public static JsonNode Content(IReadOnlyList<JsonObject> parts) =>
        parts is [{ } only] && JsonText.Of(only["type"]) == "text" ? only["text"]!.DeepClone() : new JsonArray([.. parts]);

    public static JsonObject Call(string id, string name, string arguments) => new()
    {
        ["id"] = id,
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = name, ["arguments"] = arguments },
    };

    public static JsonObject Function(string name, JsonNode? description, JsonNode? schema, JsonNode? strict)
    {
        JsonObject function = new() { ["name"] = name };
        if (description is not null) function["description"] = description.DeepClone();
        function["parameters"] = schema?.DeepClone() ?? new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() };
        if (strict is not null) function["strict"] = strict.DeepClone();
        return new() { ["type"] = "function", ["function"] = function };
    }

    /// <summary>
    /// Adds a tool's result. Models take texts in it, but not all take images: these follow in a turn of the user, which says where they come from.
    /// </summary>
    /// <param name="messages">The conversation.</param>
    /// <param name="id">The call.</param>
    /// <param name="parts">The result.</param>
    /// <param name="images">Gathers the images and their heading.</param>
    public static void AddResult(JsonArray messages, string id, IReadOnlyList<JsonObject> parts, List<JsonObject> images)
    {
        JsonObject[] texts = [.. parts.Where(part => JsonText.Of(part["type"]) == "text")], shown = [.. parts.Except(texts)];
        if (shown.Length > 0)
        {
            images.Add(Text($"Images in the result of the tool call {id}:"));
            images.AddRange(shown);
        }
        JsonNode content = texts.Length > 0 ? Content(texts) : JsonValue.Create(shown.Length > 0 ? "(images, which follow)" : "");
        messages.Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = id, ["content"] = content });
    }

    /// <summary>The members of a request that both forms call alike.</summary>
    public static void Copy(JsonObject from, JsonObject to, params ReadOnlySpan<(string From, string To)> names)
    {
        foreach ((string name, string other) in names)
            if (from[name] is { } value) to[other] = value.DeepClone();
    }
}
