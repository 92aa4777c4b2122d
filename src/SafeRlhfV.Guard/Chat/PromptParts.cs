using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>What is judged of a conversation before the model is asked.</summary>
/// <param name="Prompt">The last user turn, with the images of the whole conversation.</param>
/// <param name="Conversation">All turns that the other side wrote, where there is more than the last: harm may be split over turns. Null otherwise.</param>
/// <param name="Unreadable">The kind of a content that cannot be judged, or null.</param>
internal sealed record PromptParts(ModerationRequest Prompt, ModerationRequest? Conversation, string? Unreadable)
{
    public static PromptParts Of(IReadOnlyList<ChatMessage> messages, GuardOptions options)
    {
        int last = -1;
        for (int i = 0; i < messages.Count; i++)
            if (messages[i].Role == ChatRole.User) last = i;

        // Consecutive user messages are one turn.
        int first = last;
        while (first > 0 && messages[first - 1].Role == ChatRole.User) first--;

        ChatContents turn = new(), all = new(), images = new();
        string? unreadable = null;
        for (int i = 0; i < messages.Count; i++)
        {
            ChatMessage message = messages[i];
            bool isTurn = first >= 0 && i >= first && i <= last;
            foreach (AIContent content in message.Contents)
            {
                bool isToolResult = message.Role == ChatRole.Tool || content is FunctionResultContent;
                if (isToolResult && !options.CheckToolResults) continue;
                if (message.Role == ChatRole.System && !options.CheckSystemMessages) continue;
                if (message.Role == ChatRole.Assistant && !isToolResult && !options.CheckAssistantMessages) continue;
                ChatContents one = ChatContents.Of([content]);
                images.AddImages(one.Images);
                if (message.Role != ChatRole.Assistant) unreadable ??= one.Unreadable; // what an assistant may write is judged as an answer
                all.Add(content);
                if (isTurn) turn.Add(content);
            }
        }
        string question = turn.Text, conversation = all.Text;
        ModerationRequest prompt = new(images.Images, question);
        return new(prompt, conversation == question ? null : prompt with { Question = conversation }, unreadable);
    }
}
