using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// Marks messages and updates with the choice that they belong to, where a model gives several answers to one prompt. Each choice is judged by itself.
/// </summary>
public static class ChoiceExtensions
{
    private const string Key = "SafeRlhfV.Guard.Choice";

    /// <summary>The choice that a message belongs to; 0 where nothing is said.</summary>
    public static int GetChoice(this ChatMessage message) => Of(message.AdditionalProperties);

    /// <summary>The choice that an update belongs to; 0 where nothing is said.</summary>
    public static int GetChoice(this ChatResponseUpdate update) => Of(update.AdditionalProperties);

    /// <summary>Says which choice a message belongs to.</summary>
    public static void SetChoice(this ChatMessage message, int choice)
    {
        if (choice != 0 || message.AdditionalProperties is not null) (message.AdditionalProperties ??= [])[Key] = choice;
    }

    /// <summary>Says which choice an update belongs to.</summary>
    public static void SetChoice(this ChatResponseUpdate update, int choice)
    {
        if (choice != 0 || update.AdditionalProperties is not null) (update.AdditionalProperties ??= [])[Key] = choice;
    }

    /// <summary>An update of a choice like another with other contents, and without the raw object beneath.</summary>
    internal static ChatResponseUpdate Like(this ChatResponseUpdate from, int choice, params IList<AIContent> contents)
    {
        ChatResponseUpdate update = new(from.Role, [.. contents])
        {
            AuthorName = from.AuthorName,
            ConversationId = from.ConversationId,
            CreatedAt = from.CreatedAt,
            MessageId = from.MessageId,
            ModelId = from.ModelId,
            ResponseId = from.ResponseId,
        };
        update.SetChoice(choice);
        return update;
    }

    private static int Of(AdditionalPropertiesDictionary? properties) => properties?.GetValueOrDefault(Key) is int choice ? choice : 0;
}
