namespace SafeRlhfV.Data;

/// <summary>
/// OpenAI's fine-tuning rows: <c>messages</c>, or <c>input</c> with <c>preferred_output</c> and <c>non_preferred_output</c>. Images are data URIs in parts; a
/// text is a text. Users' messages that follow each other are one turn.
/// </summary>
internal static class OpenAiFormat
{
    private static readonly MessageReader Messages = new(marksImages: false);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        ConversationBuilder builder = new(row, []);
        if (!row.Map.ContainsKey("preferred_output") && !row.Map.ContainsKey("non_preferred_output"))
            return builder.Conversation(Merged(row, Messages.Read(row["messages"])));
        List<DraftMessage>? asked = Merged(row, Messages.Read((row["input"] as SourceMap)?.Get("messages")));
        return builder.Pair(asked, Messages.Read(row["preferred_output"]), Messages.Read(row["non_preferred_output"]));
    }

    private static List<DraftMessage>? Merged(ImportRow row, List<DraftMessage>? messages)
    {
        for (int i = 1; i < messages?.Count; i++)
        {
            if (messages[i].Role != ConversationRole.User || messages[i - 1].Role != ConversationRole.User) continue;
            messages[i - 1].Parts.AddRange(messages[i].Parts);
            messages.RemoveAt(i--);
            row.Repairs.Add("merged-user");
        }
        return messages;
    }
}
