using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// JSON schemas for replies of models in which every field is bounded: a server that holds a model to its schema can then produce no number out of range, no
/// word that means nothing and no text without end.
/// </summary>
public static class ReplySchema
{
    /// <summary>An object of just these fields, all required.</summary>
    public static JsonObject Object(params (string Name, JsonObject Schema)[] fields)
    {
        JsonObject properties = [];
        foreach ((string name, JsonObject schema) in fields) properties[name] = schema;
        return new()
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. fields.Select(field => (JsonNode)field.Name)]),
            ["additionalProperties"] = false
        };
    }

    /// <summary>True or false.</summary>
    public static JsonObject Flag(string description) => new() { ["description"] = description, ["type"] = "boolean" };

    /// <summary>A text of at most so many characters.</summary>
    public static JsonObject Text(string description, int most) => new() { ["description"] = description, ["type"] = "string", ["maxLength"] = most };

    /// <summary>One of some words.</summary>
    public static JsonObject Choice(string description, params IEnumerable<string> words) =>
        new() { ["description"] = description, ["type"] = "string", ["enum"] = new JsonArray([.. words.Select(word => (JsonNode)word)]) };

    /// <summary>A whole number between two bounds, both included.</summary>
    public static JsonObject Whole(string description, int least, int most) =>
        new() { ["description"] = description, ["type"] = "integer", ["minimum"] = least, ["maximum"] = most };

    /// <summary>A number between two bounds, both included.</summary>
    public static JsonObject Number(string description, double least, double most) =>
        new() { ["description"] = description, ["type"] = "number", ["minimum"] = least, ["maximum"] = most };

    /// <summary>A list of at most so many items.</summary>
    public static JsonObject List(string description, JsonObject items, int most) =>
        new() { ["description"] = description, ["type"] = "array", ["items"] = items, ["maxItems"] = most };

    /// <summary>The response format that asks for such an object.</summary>
    public static ChatResponseFormat Format(string name, JsonObject schema) => ChatResponseFormat.ForJsonSchema(JsonSerializer.SerializeToElement(schema),
        name);
}
