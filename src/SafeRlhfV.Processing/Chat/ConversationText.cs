namespace SafeRlhfV.Processing;

/// <summary>Finds the texts of turns in what a template wrote of them, in their order.</summary>
internal sealed class ConversationText
{
    private readonly Queue<(ChatSegmentKind Kind, string Text)> texts;

    public ConversationText(IReadOnlyList<ChatTurn> turns) =>
        texts = new(turns.SelectMany(turn => turn.Parts.OfType<TextPart>().Select(part => (Kind(turn.Role), part.Text)))
        .Where(pair => !string.IsNullOrWhiteSpace(pair.Text)));

    /// <summary>The segments of a stretch that the template took from the conversation. What is none of the turns' texts, such as a role's name, is format
    /// without special tokens.</summary>
    public IEnumerable<ChatSegment> Find(string stretch)
    {
        int at = 0;
        foreach ((ChatSegmentKind kind, string text) in texts.ToArray())
        {
            string wanted = text;
            int found = stretch.IndexOf(wanted, at, StringComparison.Ordinal);
            if (found < 0) found = stretch.IndexOf(wanted = text.Trim(), at, StringComparison.Ordinal);
            if (found < 0) continue;
            while (texts.TryDequeue(out (ChatSegmentKind, string) taken) && taken != (kind, text)) { }
            if (found > at) yield return new ChatSegment(ChatSegmentKind.Other, stretch[at..found]);
            yield return new ChatSegment(kind, wanted);
            at = found + wanted.Length;
        }
        if (at < stretch.Length) yield return new ChatSegment(ChatSegmentKind.Other, stretch[at..]);
    }

    private static ChatSegmentKind Kind(ChatRole role) =>
        role switch { ChatRole.System => ChatSegmentKind.System, ChatRole.User => ChatSegmentKind.User, _ => ChatSegmentKind.Assistant };
}
