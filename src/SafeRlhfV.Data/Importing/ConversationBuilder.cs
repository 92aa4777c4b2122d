namespace SafeRlhfV.Data;

/// <summary>Puts a row's images into its messages, checks the conversation, and makes the record.</summary>
/// <param name="row">The row.</param>
/// <param name="pool">The row's images that no part holds, in order.</param>
internal sealed class ConversationBuilder(ImportRow row, IReadOnlyList<object?> pool)
{
    private readonly List<EncodedImage> images = [];
    private int next;

    /// <summary>Images without a place come before the first message that is no system message; the missing places are those of the first images.</summary>
    public void PlaceMissing(List<DraftMessage> messages)
    {
        int missing = pool.Count - Places(messages);
        if (messages.Find(message => message.Role != ConversationRole.System) is { } first)
            for (int i = 0; i < missing; i++) first.Parts.Insert(0, DraftPart.Place);
    }

    /// <summary>Where no message has a place, all images come before the first question.</summary>
    public void PlaceAll(List<DraftMessage> messages)
    {
        if (Places(messages) == 0) PlaceBefore(messages.Find(message => message.Role == ConversationRole.User));
    }

    /// <summary>All images come before a message.</summary>
    public void PlaceBefore(DraftMessage? message) => message?.Parts.InsertRange(0, Enumerable.Repeat(DraftPart.Place, pool.Count));

    /// <summary>The record of a conversation: a prompt where it ends with a question.</summary>
    /// <exception cref="DroppedRowException">The conversation breaks a rule.</exception>
    public ConversationRecord Conversation(List<DraftMessage>? messages)
    {
        if (messages is null || messages.TrueForAll(message => message.Role == ConversationRole.System)) throw new DroppedRowException(DropReason.Empty);
        Check(messages);
        CheckCount(messages);
        return new ConversationRecord
        {
            Kind = messages[^1].Role == ConversationRole.User ? RecordKind.Prompt : RecordKind.Conversation,
            Messages = [.. messages.Select(Finished)],
            Images = images,
        };
    }

    /// <summary>The record of a rated conversation.</summary>
    /// <exception cref="DroppedRowException">The conversation breaks a rule, or ends with a question.</exception>
    public ConversationRecord Rated(List<DraftMessage>? messages)
    {
        ConversationRecord record = Conversation(messages);
        return record.Kind == RecordKind.Conversation ? record with { Kind = RecordKind.Rated } : throw new DroppedRowException(DropReason.Roles);
    }

    /// <summary>The record of a pair.</summary>
    /// <param name="prompt">Up to the last question.</param>
    /// <param name="chosen">What follows it in the better answer; null or empty where it is missing.</param>
    /// <param name="rejected">What follows it in the other.</param>
    /// <exception cref="DroppedRowException">The pair breaks a rule.</exception>
    public ConversationRecord Pair(List<DraftMessage>? prompt, List<DraftMessage>? chosen, List<DraftMessage>? rejected)
    {
        if (prompt is null or []) throw new DroppedRowException(DropReason.Empty);
        if (chosen is null or [] || rejected is null or []) throw new DroppedRowException(DropReason.PairMissing);
        if (Same(chosen, rejected)) throw new DroppedRowException(DropReason.PairIdentical);
        if (prompt[^1].Role != ConversationRole.User || chosen[^1].Role != ConversationRole.Assistant || rejected[^1].Role != ConversationRole.Assistant)
            throw new DroppedRowException(DropReason.Roles);
        Check([.. prompt, .. chosen]);
        Check([.. prompt, .. rejected]);
        CheckCount(prompt);
        return new ConversationRecord
        {
            Kind = RecordKind.Pair,
            Messages = [.. prompt.Select(Finished)],
            Chosen = [.. chosen.Select(Finished)],
            Rejected = [.. rejected.Select(Finished)],
            Images = images,
            Preferences = new RecordPreferences(Overall: PairSide.Chosen),
        };
    }

    /// <summary>Whether two lists of messages say the same.</summary>
    public static bool Same(List<DraftMessage> one, List<DraftMessage> other) =>
        one.Count == other.Count && one.Zip(other).All(pair => pair.First.SaysSame(pair.Second));

    private static int Places(List<DraftMessage> messages) => messages.Sum(message => message.Parts.Count(part => part.IsPlace));

    /// <summary>A system message first if at all, then questions and answers in turns, each with something in it.</summary>
    private static void Check(List<DraftMessage> messages)
    {
        if (messages.Exists(message => message.Role != ConversationRole.User && message.Parts.Exists(part => part.IsImage)))
            throw new DroppedRowException(DropReason.ImageInAnswer);
        int first = messages[0].Role == ConversationRole.System ? 1 : 0;
        for (int i = first; i < messages.Count; i++)
            if (messages[i].Role != ((i - first) % 2 == 0 ? ConversationRole.User : ConversationRole.Assistant))
                throw new DroppedRowException(DropReason.Roles);
        foreach (DraftMessage message in messages)
            if (message.Role == ConversationRole.System ? message.Parts.Count == 0 : message.IsBlank)
                throw new DroppedRowException(message.Role == ConversationRole.Assistant ? DropReason.EmptyAnswer : DropReason.EmptyText);
    }

    private void CheckCount(List<DraftMessage> messages)
    {
        if (Places(messages) != pool.Count) throw new DroppedRowException(DropReason.ImageCount);
    }

    private ConversationMessage Finished(DraftMessage draft) => new(draft.Role, [.. draft.Parts.Select(Finished)], draft.Loss);

    private MessagePart Finished(DraftPart part)
    {
        if (part.Text is { } text) return MessagePart.OfText(text);
        images.Add(row.Images.Load(part.IsPlace ? pool[next++] : part.Payload));
        return MessagePart.OfImage(images.Count - 1);
    }
}
