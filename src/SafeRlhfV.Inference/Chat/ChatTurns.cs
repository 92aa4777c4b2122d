using Microsoft.Extensions.AI;
using SafeRlhfV.Processing;
using ModelRole = SafeRlhfV.Processing.ChatRole;
using Role = Microsoft.Extensions.AI.ChatRole;

namespace SafeRlhfV.Inference;

/// <summary>Chat messages as a local model's turns. What a checkpoint cannot express is refused, never left out.</summary>
internal static class ChatTurns
{
    /// <exception cref="InvalidInputException">A role or content is none that a local model knows, or there is no message.</exception>
    public static IReadOnlyList<ChatTurn> Of(IEnumerable<ChatMessage> messages)
    {
        List<ChatTurn> turns = [];
        foreach (ChatMessage message in messages)
        {
            ModelRole role = message.Role == Role.System ? ModelRole.System : message.Role == Role.User ? ModelRole.User : message.Role == Role.Assistant
                ? ModelRole.Assistant
                : throw new InvalidInputException($"A local checkpoint knows no messages of the role '{message.Role.Value}'; it knows system, user and "
                    + "assistant.");
            ChatPart[] parts = [.. message.Contents.Where(content => content is not (UsageContent or TextReasoningContent)).Select(Part)];
            string reasoning = string.Concat(message.Contents.OfType<TextReasoningContent>().Select(content => content.Text));
            // one who asks twice in a row is one turn: the formats alternate between user and assistant
            if (turns.Count > 0 && turns[^1].Role == role) turns[^1] = turns[^1] with { Parts = Join(turns[^1].Parts, parts) };
            else turns.Add(new(role, parts));
            if (reasoning.Length > 0) turns[^1] = turns[^1] with { Reasoning = turns[^1].Reasoning is { } before ? $"{before}\n\n{reasoning}" : reasoning };
        }
        return turns.Count > 0 ? turns : throw new InvalidInputException("There is no message to answer.");
    }

    private static ChatPart[] Join(IReadOnlyList<ChatPart> first, ChatPart[] second) =>
        first is [.., TextPart before] && second is [TextPart after, ..]
            ? [.. first.SkipLast(1), new TextPart($"{before.Text}\n\n{after.Text}"), .. second.Skip(1)] : [.. first, .. second];

    private static ChatPart Part(AIContent content) => content switch
    {
        TextContent text => new TextPart(text.Text),
        _ when Images.Of(content) is { } image => new ImagePart(image),
        _ => throw new InvalidInputException($"A local checkpoint reads texts and images, not {content.GetType().Name}."),
    };
}
