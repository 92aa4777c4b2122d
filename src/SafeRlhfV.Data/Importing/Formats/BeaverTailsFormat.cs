namespace SafeRlhfV.Data;

/// <summary>
/// BeaverTails-V, paired and flat, and this tool's own layouts: <c>messages</c> (up to the last question) with <c>images</c> where they are not null, else
/// <c>question</c> with
/// <c>image</c>. The ids tell preferences, the labels safety, the rates scores. What this tool wrote has <c>source_fields</c>, and may lack labels that its
/// source lacked.
/// </summary>
internal static class BeaverTailsFormat
{
    private static readonly MessageReader Messages = new(marksImages: false);

    /// <summary>Reads a row.</summary>
    public static ConversationRecord Read(ImportRow row)
    {
        row.RefuseUnsupported();
        ConversationRecord record = row.Map.ContainsKey("response_1") || row.Map.ContainsKey("more_helpful_response_id") ? Paired(row) : Flat(row);
        if (row["answer"] is { } answer) record = record with { Answer = SourceLabels.Text(answer) };
        if (row["source_fields"] is not string fields) return record;
        try
        {
            return SourceFields.Read(fields, record);
        }
        catch (FormatException)
        {
            throw new DroppedRowException(DropReason.BadJson);
        }
    }

    private static ConversationRecord Paired(ImportRow row)
    {
        (ConversationBuilder builder, List<DraftMessage> prompt) = Prompt(row);
        List<DraftMessage>?[] answers = [null, Answer(row["response_1"]), Answer(row["response_2"])];
        int? helpful = SourceLabels.Preferred(row["more_helpful_response_id"]);
        int? safer = SourceLabels.Preferred(row["safer_response_id"]), overall = SourceLabels.Preferred(row["overall_response_id"]);
        int better = helpful ?? (IsOwn(row) ? overall ?? safer : null) ?? throw new DroppedRowException(DropReason.PreferenceMissing), worse = 3 - better;
        PairSide? Side(int? preferred) => preferred is null ? null : preferred == better ? PairSide.Chosen : PairSide.Rejected;
        return builder.Pair(prompt, answers[better], answers[worse]) with
        {
            Preferences = new RecordPreferences(Side(helpful), Side(safer), Side(overall)),
            Labels = Labels(row) with { ChosenUnsafe = Unsafe(row, $"is_response_{better}_safe"), RejectedUnsafe = Unsafe(row, $"is_response_{worse}_safe") },
            ChosenRates = Rates(row, better),
            RejectedRates = Rates(row, worse),
            ChosenFrom = row[$"response_{better}_from"] as string,
            RejectedFrom = row[$"response_{worse}_from"] as string,
            RejectedFirst = better == 2,
        };
    }

    private static ConversationRecord Flat(ImportRow row)
    {
        (ConversationBuilder builder, List<DraftMessage> prompt) = Prompt(row);
        if (row["response"] is null && IsOwn(row)) return builder.Conversation(prompt) with { Labels = Labels(row) };
        List<DraftMessage> answered = [.. prompt, Messages.Of(ConversationRole.Assistant, row["response"])];
        bool? harmful = Unsafe(row, "is_response_safe");
        return (harmful is null ? builder.Conversation(answered) : builder.Rated(answered)) with { Labels = Labels(row) with { Unsafe = harmful } };
    }

    private static (ConversationBuilder, List<DraftMessage>) Prompt(ImportRow row)
    {
        if (row.Map.Has("messages"))
        {
            List<DraftMessage> messages = Messages.Read(row["messages"]) ?? [];
            if (messages.Count == 0) throw new DroppedRowException(DropReason.Empty);
            return (new ConversationBuilder(row, row.Pool("images")), messages);
        }
        object? image = row.Map.Get("image", "images");
        if (image is null && !row.Map.ContainsKey("messages")) throw new DroppedRowException(DropReason.ImageNull);
        if (row["question"] is null or "") throw new DroppedRowException(DropReason.EmptyText);
        ConversationBuilder builder = new(row, ImageResolver.Listed(image));
        List<DraftMessage> asked = [Messages.Of(ConversationRole.User, row["question"])];
        builder.PlaceAll(asked);
        return (builder, asked);
    }

    private static bool IsOwn(ImportRow row) => row.Map.ContainsKey("source_fields");

    private static List<DraftMessage>? Answer(object? text) => text is null ? null : [Messages.Of(ConversationRole.Assistant, text)];

    private static bool? Unsafe(ImportRow row, string label) => IsOwn(row) ? !SourceLabels.FlagOrNull(row[label]) : !SourceLabels.Flag(row[label]);

    private static RecordLabels Labels(ImportRow row) => new()
    {
        Category = SourceLabels.Category(row["category"], row.Options.Categories),
        PromptUnsafe = !SourceLabels.FlagOrNull(row["is_prompt_safe"]),
        ImageSeverity = SourceLabels.Severity(row["image_severity"]),
    };

    private static AnswerRates Rates(ImportRow row, int answer) =>
        new(SourceLabels.Rate(row[$"response_{answer}_helpful_rate"]), SourceLabels.Rate(row[$"response_{answer}_harmless_rate"]));
}
