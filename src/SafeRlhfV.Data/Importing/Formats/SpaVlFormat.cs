namespace SafeRlhfV.Data;

/// <summary>
/// SPA-VL: <c>question</c>, <c>image</c>, <c>chosen</c>, <c>rejected</c>; its test split has questions only. <c>class1</c> to <c>class3</c> are its own
/// categories.
/// </summary>
internal static class SpaVlFormat
{
    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        RecordLabels labels = new()
        {
            Category = row.Map.Get("class1", "category") as string,
            Category2 = row["class2"] as string,
            Category3 = row["class3"] as string,
            // this tool's pairs for a cost model hold these beside
            ChosenUnsafe = row.Map.Has("is_chosen_safe") ? !SourceLabels.Flag(row["is_chosen_safe"]) : null,
            RejectedUnsafe = row.Map.Has("is_rejected_safe") ? !SourceLabels.Flag(row["is_rejected_safe"]) : null,
        };
        if (row.Map.ContainsKey("chosen") || row.Map.ContainsKey("rejected"))
            return AlignAnythingFormat.Pair(row, row["question"], row["chosen"], row["rejected"]) with { Labels = labels };
        (ConversationBuilder builder, List<DraftMessage> prompt) = AlignAnythingFormat.Prompt(row, row["question"]);
        return builder.Conversation(prompt) with { Labels = labels };
    }
}
