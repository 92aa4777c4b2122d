namespace SafeRlhfV.Data;

/// <summary>Rows of the two layouts as conversations.</summary>
internal static class RowRecords
{
    public static ConversationRecord Of(DatasetRow row, RecordParts parts, IReadOnlyDictionary<string, string>? categories)
    {
        ConversationRecord record = new()
        {
            Kind = RecordKind.Prompt,
            Images = row.Images,
            Messages = row.Messages ?? Question(row),
            Labels = new RecordLabels
            {
                Category = Wanted(row, "category", parts) is { } category ? LabelWords.Category(category, categories) : null,
                PromptUnsafe = Unsafe(row, "is_prompt_safe", parts),
                ImageSeverity = parts.HasFlag(RecordParts.Severity) ? (int?)row.Integer("image_severity") : null,
            },
            Answer = Wanted(row, "answer", parts),
            Source = row.Position,
        };
        record = row.Schema.Layout == RowLayout.Paired && row.Text("response_1") is not null && row.Text("response_2") is not null
            ? Pair(record, row, parts)
            : Single(record, row, parts);
        if (row.Text("source_fields") is not { } fields) return record;
        try
        {
            return SourceFields.Read(fields, record);
        }
        catch (FormatException error)
        {
            throw new InvalidInputException(RowRules.Error(row, Fault.BadJson,
                $"not what this tool writes there ({error.Message.TrimEnd('.')}); remove the column.", "source_fields"), error);
        }
    }

    private static ConversationMessage[] Question(DatasetRow row)
    {
        MessagePart[] image = row.Image is null ? [] : [MessagePart.OfImage(0)], text = row.Text("question") is { Length: > 0 } question
            ? [MessagePart.OfText(question)] : [];
        return [new ConversationMessage(ConversationRole.User, [.. image, .. text])];
    }

    private static ConversationRecord Pair(ConversationRecord record, DatasetRow row, RecordParts parts)
    {
        int? helpful = Preferred(row, "more_helpful_response_id", parts), safer = Preferred(row, "safer_response_id", parts), overall = Preferred(row,
            "overall_response_id", parts);
        int chosen = helpful ?? overall ?? safer ?? 1, rejected = 3 - chosen;
        PairSide? Side(int? preferred) => preferred is null ? null : preferred == chosen ? PairSide.Chosen : PairSide.Rejected;
        return record with
        {
            Kind = RecordKind.Pair,
            Chosen = Answer(row.Text($"response_{chosen}")!),
            Rejected = Answer(row.Text($"response_{rejected}")!),
            Preferences = new RecordPreferences(Side(helpful), Side(safer), Side(overall)),
            Labels = record.Labels with
            {
                ChosenUnsafe = Unsafe(row, $"is_response_{chosen}_safe", parts),
                RejectedUnsafe = Unsafe(row, $"is_response_{rejected}_safe", parts)
            },
            ChosenRates = Rates(row, $"response_{chosen}_helpful_rate", $"response_{chosen}_harmless_rate", parts),
            RejectedRates = Rates(row, $"response_{rejected}_helpful_rate", $"response_{rejected}_harmless_rate", parts),
            ChosenFrom = row.Text($"response_{chosen}_from"),
            RejectedFrom = row.Text($"response_{rejected}_from"),
            RejectedFirst = chosen == 2,
        };
    }

    private static ConversationRecord Single(ConversationRecord record, DatasetRow row, RecordParts parts)
    {
        bool paired = row.Schema.Layout == RowLayout.Paired;
        (string text, string label, string from) = !paired ? ("response", "is_response_safe", "response_from")
            : row.Text("response_1") is null
            ? ("response_2", "is_response_2_safe", "response_2_from")
            : ("response_1", "is_response_1_safe", "response_1_from");
        if (row.Text(text) is not { } answer) return record;
        bool? harmful = Unsafe(row, label, parts);
        return record with
        {
            Kind = harmful is null ? RecordKind.Conversation : RecordKind.Rated,
            Messages = [.. record.Messages, .. Answer(answer)],
            Labels = record.Labels with { Unsafe = harmful },
            ChosenRates = paired ? Rates(row, $"{text}_helpful_rate", $"{text}_harmless_rate", parts) : Rates(row, "helpful_rate", "harmless_rate", parts),
            ChosenFrom = row.Text(from),
        };
    }

    private static ConversationMessage[] Answer(string text) => [ConversationMessage.Of(ConversationRole.Assistant, text)];

    private static AnswerRates Rates(DatasetRow row, string helpful, string harmless, RecordParts parts) =>
        parts.HasFlag(RecordParts.Rates) ? new AnswerRates((int?)row.Integer(helpful), (int?)row.Integer(harmless)) : new AnswerRates();

    private static string? Wanted(DatasetRow row, string column, RecordParts parts) => RecordColumns.IsWanted(column, parts) ? row.Text(column) : null;

    private static bool? Unsafe(DatasetRow row, string column, RecordParts parts) => Wanted(row, column, parts) is { } label ? !LabelWords.Safe(label) : null;

    private static int? Preferred(DatasetRow row, string column, RecordParts parts) => Wanted(row, column, parts) is { } id ? LabelWords.Preferred(id) : null;
}
