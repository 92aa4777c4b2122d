using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// Redacts what goes to a model: texts, reasoning, errors, the arguments of tool calls and their results, annotations, authors' names and additional
/// properties. Images stay as they are, and so do the program's own tools.
/// </summary>
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
        changed.AdditionalProperties = ContentTexts.Change(changed.AdditionalProperties, placeholders.Redact) is { } before ? new(before) : [];
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
            string? own = content is TextContent ? redacted[text++] : null;
            contents[i] = content is IRewritableContent rewritable ? rewritable.WithTexts((one, _) => placeholders.Redact(one))
                : ContentTexts.Change(content, placeholders.Redact, _ => own!, result => OfResult(result, placeholders));
            isChanged |= !ReferenceEquals(contents[i], content);
        }
        AdditionalPropertiesDictionary? properties = ContentTexts.Change(message.AdditionalProperties, placeholders.Redact);
        string? author = message.AuthorName is { } name ? placeholders.Redact(name) : null;
        if (!isChanged && ReferenceEquals(properties, message.AdditionalProperties) && author == message.AuthorName) return message;
        ChatMessage changed = message.Clone();
        changed.Contents = contents;
        changed.AdditionalProperties = properties;
        changed.AuthorName = author;
        changed.RawRepresentation = null; // it holds the data
        return changed;
    }

    // The parts of a result are read one after the other, as those of a message.
    private static object? OfResult(object? result, Placeholders placeholders)
    {
        if (result is AIContent content) return Of(new ChatMessage(ChatRole.Tool, [content]), placeholders).Contents[0];
        if (result is not IEnumerable<AIContent> several) return ContentTexts.ChangeValue(result, placeholders.Redact);
        ChatMessage message = new(ChatRole.Tool, [.. several]), other = Of(message, placeholders);
        return ReferenceEquals(message, other) ? result : other.Contents;
    }
}
