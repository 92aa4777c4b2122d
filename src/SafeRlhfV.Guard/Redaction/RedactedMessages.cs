using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Redacts what goes to a model: texts, reasoning, the arguments of tool calls and their results. Images stay as they are.</summary>
internal static class RedactedMessages
{
    private const string Key = "SafeRlhfV.Guard.Placeholders";

    /// <summary>The messages with placeholders; one in which there was nothing to replace is the same object as before.</summary>
    public static ChatMessage[] Of(IReadOnlyList<ChatMessage> messages, Placeholders placeholders) =>
        [.. messages.Select(message => Of(message, placeholders))];

    /// <summary>The options for the model: instructions with placeholders, and the placeholders themselves (<see cref="PlaceholderExtensions"/>).</summary>
    public static ChatOptions Of(ChatOptions? options, Placeholders placeholders)
    {
        ChatOptions changed = options?.Clone() ?? new();
        if (changed.Instructions is { } instructions) changed.Instructions = placeholders.Redact(instructions);
        changed.AdditionalProperties = changed.AdditionalProperties is { } before ? new(before) : [];
        changed.AdditionalProperties[Key] = placeholders;
        return changed;
    }

    internal static Placeholders? In(ChatOptions? options) => options?.AdditionalProperties?.GetValueOrDefault(Key) as Placeholders;

    private static ChatMessage Of(ChatMessage message, Placeholders placeholders)
    {
        AIContent[] contents = [.. message.Contents];
        TextContent[] texts = [.. contents.OfType<TextContent>()];
        IReadOnlyList<string> redacted = texts.Length == 0 ? [] : placeholders.Redact([.. texts.Select(text => text.Text)]);
        int text = 0;
        bool isChanged = false;
        for (int i = 0; i < contents.Length; i++)
        {
            AIContent content = contents[i];
            contents[i] = content is TextContent one
                ? redacted[text++] is { } other && other != one.Text ? Like(one, new TextContent(other)) : one
                : Of(content, placeholders);
            isChanged |= !ReferenceEquals(contents[i], content);
        }
        if (!isChanged) return message;
        ChatMessage changed = message.Clone();
        changed.Contents = contents;
        changed.RawRepresentation = null; // it holds the data
        return changed;
    }

    private static AIContent Of(AIContent content, Placeholders placeholders)
    {
        switch (content)
        {
            case TextReasoningContent reasoning when placeholders.Redact(reasoning.Text) is { } text && text != reasoning.Text:
                return Like(reasoning, new TextReasoningContent(text) { ProtectedData = reasoning.ProtectedData });
            case ErrorContent error when placeholders.Redact(error.Message) is { } message && message != error.Message:
                return Like(error, new ErrorContent(message) { ErrorCode = error.ErrorCode, Details = error.Details });
            case FunctionCallContent { Arguments: { Count: > 0 } arguments } call when Changed(arguments, placeholders.Redact) is { } changed:
                return Like(call, new FunctionCallContent(call.CallId, call.Name, changed));
            case FunctionResultContent result when OfResult(result.Result, placeholders) is { } value && !ReferenceEquals(value, result.Result):
                return Like(result, new FunctionResultContent(result.CallId, value) { Exception = result.Exception });
            case DataContent data when data.HasTopLevelMediaType("text"):
                string read = Encoding.UTF8.GetString(data.Data.Span), other = placeholders.Redact(read);
                return other == read ? content : Like(data, new DataContent(Encoding.UTF8.GetBytes(other), data.MediaType) { Name = data.Name });
            case IRewritableContent own: return own.WithTexts((text, _) => placeholders.Redact(text));
            default: return content;
        }
    }

    /// <summary>The arguments with changed texts; null where none has changed.</summary>
    public static Dictionary<string, object?>? Changed(IDictionary<string, object?> arguments, Func<string, string> change)
    {
        JsonNode? before = Node(arguments), after = JsonRedaction.Change(before, change);
        if (JsonNode.DeepEquals(before, after)) return null;
        return ((JsonObject)after!).ToDictionary(pair => pair.Key, pair => (object?)JsonSerializer.SerializeToElement(pair.Value));
    }

    private static object? OfResult(object? result, Placeholders placeholders)
    {
        switch (result)
        {
            case null: return null;
            case string text: return JsonRedaction.ChangeText(text, placeholders.Redact) is { } changed && changed != text ? changed : text;
            case AIContent content: return Of(new ChatMessage(ChatRole.Tool, [content]), placeholders).Contents[0];
            case IEnumerable<AIContent> several:
                ChatMessage message = new(ChatRole.Tool, [.. several]), other = Of(message, placeholders);
                return ReferenceEquals(message, other) ? result : other.Contents;
            default:
                JsonNode? before = Node(result), after = JsonRedaction.Change(before, placeholders.Redact);
                return JsonNode.DeepEquals(before, after) ? result : JsonSerializer.SerializeToElement(after);
        }
    }

    private static JsonNode? Node(object value) =>
        value is JsonElement element ? JsonSerializer.SerializeToNode(element) : JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions);

    // Without the raw object beneath, which holds the data.
    public static AIContent Like(AIContent from, AIContent changed)
    {
        changed.Annotations = from.Annotations;
        changed.AdditionalProperties = from.AdditionalProperties;
        return changed;
    }
}
