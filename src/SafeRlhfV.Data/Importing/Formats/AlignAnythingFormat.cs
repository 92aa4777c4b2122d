namespace SafeRlhfV.Data;

/// <summary>
/// align-anything's pairs: <c>overall_response</c> (1 or 2) names the better of <c>response_1</c> and <c>response_2</c>; with language feedback the
/// <c>refinement</c> is better than the <c>response</c>.
/// </summary>
internal static class AlignAnythingFormat
{
    private static readonly MessageReader Messages = new(marksImages: true), Answers = new(marksImages: false);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        bool isRefined = row.Map.ContainsKey("refinement");
        int better = isRefined ? 1 : SourceLabels.Preferred(row["overall_response"]) ?? throw new DroppedRowException(DropReason.PreferenceMissing);
        object? chosen = isRefined ? row["refinement"] : row[$"response_{better}"], rejected = isRefined ? row["response"] : row[$"response_{3 - better}"];
        return Pair(row, row.Map.Get("question", "prompt"), chosen, rejected) with { RejectedFirst = !isRefined && better == 2 };
    }

    /// <summary>A pair of a question with its image and two texts.</summary>
    public static ConversationRecord Pair(ImportRow row, object? question, object? chosen, object? rejected)
    {
        (ConversationBuilder builder, List<DraftMessage> prompt) = Prompt(row, question);
        return builder.Pair(prompt, Answer(chosen), Answer(rejected));

        static List<DraftMessage>? Answer(object? text) => text is null ? null : [Answers.Of(ConversationRole.Assistant, text)];
    }

    /// <summary>A question with its image, which comes first unless the text marks its place.</summary>
    public static (ConversationBuilder Builder, List<DraftMessage> Prompt) Prompt(ImportRow row, object? question)
    {
        if (row.Map.ContainsKey("image") && !row.Map.Has("image")) throw new DroppedRowException(DropReason.ImageNull);
        ConversationBuilder builder = new(row, row.Pool("image", "images"));
        if (question is null or "") throw new DroppedRowException(DropReason.EmptyText);
        List<DraftMessage> asked = [Messages.Of(ConversationRole.User, question)];
        builder.PlaceAll(asked);
        return (builder, asked);
    }
}
