using System.Text;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>What is judged of a conversation before the model is asked.</summary>
/// <param name="Prompt">The last user turn, with the images of all that is judged.</param>
/// <param name="Judged">
/// What is judged: the prompt; the conversation, where it has more than the last turn, since harm may be split over turns; and the text beside the messages.
/// What is encoded in one of them is judged decoded as well.
/// </param>
/// <param name="Unreadable">The kind of a content that cannot be judged, or null.</param>
internal sealed record PromptParts(ModerationRequest Prompt, IReadOnlyList<ModerationRequest> Judged, string? Unreadable)
{
    public static PromptParts Of(IReadOnlyList<ChatMessage> messages, GuardOptions options, ChatOptions? chatOptions = null)
    {
        (int first, int last) = LastTurn(messages, messages.Count);
        int oldest = OldestTurn(messages, options.HistoryTurns);
        ChatContents turn = new(), all = new(), images = new();
        string? beside = (options.ExtraText ?? (options.CheckSystemMessages ? OptionsText.Of : null))?.Invoke(chatOptions);
        StringBuilder extra = new(beside is null ? null : chatOptions.GetPlaceholders()?.Redact(beside) ?? beside);
        string? unreadable = null;
        for (int i = 0; i < messages.Count; i++)
        {
            ChatMessage message = messages[i];
            bool isTurn = i >= first && i <= last;
            List<string> texts = [];
            if (i < oldest && message.Role != ChatRole.System) continue;
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
                AddTexts(content, texts);
            }

            // Models read the text parts of one message without a break between them, so that a word may begin in one and end in the next.
            if (texts.Count > 1) extra.Append(extra.Length > 0 ? "\n" : "").AppendJoin("", texts);
        }
        string question = turn.Text, conversation = all.Text;
        ModerationRequest prompt = new(images.Images, question);
        List<ModerationRequest> judged = [prompt];
        if (conversation != question) judged.Add(prompt with { Question = conversation });
        int ofMessages = judged.Count;
        if (extra.Length > 0) judged.Add(new(extra.ToString()));
        string?[] opened = new string?[judged.Count];
        (ModerationRequest, string)? undecoded = null;
        for (int i = 0; i < opened.Length && undecoded is null; i++)
        {
            try
            {
                opened[i] = TextReadings.Opened(judged[i].Question);
            }
            catch (UnreadableTextException error)
            {
                undecoded = (judged[i], error.Message);
            }
        }
        judged.AddRange([.. judged.Zip(opened).Where(one => one.Second is not null).Select(one => one.First with { Question = one.Second! })]);
        return new(prompt, judged, unreadable)
        {
            Undecoded = undecoded,
            HasTurnsImages = turn.Images.Count == images.Images.Count,
            TurnTexts = [question, opened[0]],
            ConversationTexts = [question, conversation, .. opened.Take(ofMessages)],
        };
    }

    /// <summary>What cannot be decoded, so that it cannot be judged, and why; null where all can.</summary>
    public (ModerationRequest Request, string Reason)? Undecoded { get; private init; }

    /// <summary>Whether all images are the last turn's own.</summary>
    private bool HasTurnsImages { get; init; }

    // As they stand and, where something is encoded in them, decoded.
    private string?[] TurnTexts { get; init; } = [];

    private string?[] ConversationTexts { get; init; } = [];

    /// <summary>Whether a request is about the messages, as they stand or decoded, and not about text beside them.</summary>
    public bool IsConversation(ModerationRequest request) => ConversationTexts.Contains(request.Question);

    /// <summary>Whether a request is about the last turn alone, as it stands or decoded.</summary>
    public bool IsTurn(ModerationRequest request) => HasTurnsImages && TurnTexts.Contains(request.Question);

    // Consecutive user messages are one turn. No turn: first lies behind last.
    private static (int First, int Last) LastTurn(IReadOnlyList<ChatMessage> messages, int end)
    {
        int last = end - 1;
        while (last >= 0 && messages[last].Role != ChatRole.User) last--;
        int first = last;
        while (first > 0 && messages[first - 1].Role == ChatRole.User) first--;
        return last < 0 ? (0, -1) : (first, last);
    }

    private static int OldestTurn(IReadOnlyList<ChatMessage> messages, int? turns)
    {
        if (turns is not { } count) return 0;
        int oldest = messages.Count;
        for (; count > 0 && oldest > 0; count--) oldest = LastTurn(messages, oldest).First;
        return oldest;
    }

    private static void AddTexts(AIContent content, List<string> texts)
    {
        if (content is TextContent text) texts.Add(text.Text);
        else if (content is FunctionResultContent { Result: IEnumerable<AIContent> results })
            foreach (AIContent result in results) AddTexts(result, texts);
    }
}
