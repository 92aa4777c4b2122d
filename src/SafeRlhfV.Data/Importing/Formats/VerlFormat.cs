namespace SafeRlhfV.Data;

/// <summary>
/// Prompts of verl (<c>prompt</c>, <c>reward_model.ground_truth</c>) and EasyR1 (<c>problem</c>, <c>answer</c>), each with <c>images</c>, whose places the
/// text marks.
/// </summary>
internal static class VerlFormat
{
    private static readonly MessageReader Marked = new(marksImages: true), Parts = new(marksImages: false);

    /// <summary>Reads a row of verl or EasyR1.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        object? asked = row.Map.Get("prompt", "problem");
        List<DraftMessage>? messages = asked is string text ? [Marked.Of(ConversationRole.User, text)] : Marked.Read(asked);
        object? answer = row["reward_model"] is SourceMap judged ? judged.Get("ground_truth") : row["answer"];
        return new ConversationBuilder(row, row.Pool("images", "image")).Conversation(messages) with { Answer = SourceLabels.Text(answer) };
    }

    /// <summary>Reads a row of OpenRLHF-M: <c>message</c> is the text of a list of messages whose parts hold the images.</summary>
    public static ConversationRecord ReadOpenRlhf(ImportRow row)
    {
        row.RefuseUnsupported();
        return new ConversationBuilder(row, row.Pool("images")).Conversation(Parts.Read(row["message"])) with { Answer = SourceLabels.Text(row["answer"]) };
    }
}
