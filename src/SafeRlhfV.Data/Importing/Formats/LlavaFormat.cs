namespace SafeRlhfV.Data;

/// <summary>
/// LLaVA's JSON: <c>conversations</c> of human and gpt, <c>image</c> a path, a list of paths or nothing. A leading answer goes, as LLaVA drops it.
/// </summary>
internal static class LlavaFormat
{
    private static readonly MessageReader Messages = new(marksImages: true);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        List<DraftMessage>? messages = Messages.Read(row["conversations"]);
        if (messages is [{ Role: ConversationRole.Assistant }, _, ..])
        {
            messages.RemoveAt(0);
            row.Repairs.Add("leading-assistant");
        }
        return new ConversationBuilder(row, row.Pool("image", "images")).Conversation(messages);
    }
}
