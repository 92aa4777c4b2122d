namespace SafeRlhfV.Data;

/// <summary>ShareGPT's rows: <c>conversations</c> or <c>messages</c>, <c>images</c>, and <c>system</c>, which a system message beats.</summary>
internal static class SharegptFormat
{
    private static readonly MessageReader Messages = new(marksImages: true);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        List<DraftMessage>? messages = WithSystem(Messages.Read(row.Map.Get("conversations", "messages")), row["system"]);
        return new ConversationBuilder(row, row.Pool("images", "image")).Conversation(messages);
    }

    /// <summary>Messages with the system column's text before them, where it has one and they do not.</summary>
    public static List<DraftMessage>? WithSystem(List<DraftMessage>? messages, object? system)
    {
        if (messages is null or [{ Role: ConversationRole.System }, ..] || system is not string { Length: > 0 } text) return messages;
        DraftMessage first = new(ConversationRole.System);
        first.Add(text);
        return [first, .. messages];
    }
}
