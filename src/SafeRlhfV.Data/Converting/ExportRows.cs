namespace SafeRlhfV.Data;

/// <summary>A row in the shape of another layout or trainer.</summary>
internal static class ExportRows
{
    public static readonly RowSchema Trl = new(RowLayout.Flat, ("images", ColumnKind.ImageList), ("prompt", ColumnKind.PlainMessages),
        ("chosen", ColumnKind.PlainMessages), ("rejected", ColumnKind.PlainMessages));

    public static readonly RowSchema AlignAnything = new(RowLayout.Flat, ("question", ColumnKind.Text), ("image", ColumnKind.Image),
        ("category", ColumnKind.Text),
        ("response_1", ColumnKind.Text), ("response_2", ColumnKind.Text), ("overall_response", ColumnKind.Integer));

    public static readonly RowSchema Reward = new(RowLayout.Flat, ("question", ColumnKind.Text), ("image", ColumnKind.Image), ("category", ColumnKind.Text),
        ("chosen", ColumnKind.Text), ("rejected", ColumnKind.Text));

    public static readonly RowSchema Cost = new(RowLayout.Flat,
        [.. Reward.Columns, ("is_chosen_safe", ColumnKind.Text), ("is_rejected_safe", ColumnKind.Text)]);

    /// <summary>The two flat rows of a pair; a row of one answer stays one.</summary>
    public static IEnumerable<DatasetRow> Flatten(DatasetRow row, bool traced)
    {
        if (row.Schema.Layout == RowLayout.Flat)
        {
            yield return traced ? row : row.WithoutPairColumns();
            yield break;
        }
        row.ToRecord();
        string[] names = [.. row.Schema.Columns.Select(column => column.Name).Where(name => traced || name != "overall_response_id")];
        RowSchema schema = (traced ? RowSchema.FlatTraced : RowSchema.Flat).With(names);
        for (int i = 1; i <= 2; i++)
        {
            if (row.Text($"response_{i}") is null && (i == 2 || row.Text("response_2") is not null)) continue;
            DatasetRow answer = row.In(schema).With("response", row.Text($"response_{i}")).With("is_response_safe", row.Text($"is_response_{i}_safe"));
            yield return !traced ? answer : answer.With("pair", row.Position.ToString()).With("response_id", (long)i)
                .With("response_from", row.Text($"response_{i}_from"))
                .With("harmless_rate", row.Integer($"response_{i}_harmless_rate")).With("helpful_rate", row.Integer($"response_{i}_helpful_rate"));
        }
    }

    /// <summary>The pairs of traced flat rows; the two rows of a pair must follow each other.</summary>
    public static IEnumerable<DatasetRow> Pair(IEnumerable<DatasetRow> rows)
    {
        DatasetRow? first = null;
        foreach (DatasetRow row in rows)
        {
            if (row.Schema.Layout == RowLayout.Paired)
            {
                yield return row;
                continue;
            }
            if (!row.Schema.IsTraced)
                throw new InvalidInputException($"{row.Position.File}: a flat data set without the columns pair, response_id, ... holds no preferences, so no "
                    + "pairs can be made of it; convert the paired data set instead.");
            if (first is null)
            {
                first = row;
                continue;
            }
            if (first.Text("pair") != row.Text("pair") || (first.Integer("response_id"), row.Integer("response_id")) != (1, 2)) throw Lone(first);
            DatasetRow pair = row.In(RowSchema.Paired.With([.. row.Schema.Columns.Select(column => column.Name)])).With("image", first.Image);
            foreach ((int number, DatasetRow answer) in ((int, DatasetRow)[])[(1, first), (2, row)])
                pair = pair.With($"response_{number}", answer.Text("response")).With($"response_{number}_from", answer.Text("response_from"))
                    .With($"is_response_{number}_safe", answer.Text("is_response_safe"))
                    .With($"response_{number}_harmless_rate", answer.Integer("harmless_rate")).With($"response_{number}_helpful_rate",
                        answer.Integer("helpful_rate"));
            yield return pair;
            first = null;
        }
        if (first is not null) throw Lone(first);
    }

    /// <summary>A pair as a trainer's row.</summary>
    /// <exception cref="InvalidInputException">The row is no pair, lacks the preference, or is a conversation that the trainer's columns cannot
    /// hold.</exception>
    public static DatasetRow Prefer(DatasetRow row, ExportFormat format, bool bySafety)
    {
        bool safe = format == ExportFormat.Cost || format != ExportFormat.Reward && bySafety;
        ConversationRecord pair = row.ToRecord(RecordParts.Answers | RecordParts.Category | (safe ? RecordParts.Safe : RecordParts.Helpful)
            | (format == ExportFormat.Cost ? RecordParts.Labels : RecordParts.None));
        if (pair.Kind != RecordKind.Pair)
            throw new InvalidInputException($"{row.Position.File}, row {row.Position.Row}: holds no two answers, so it cannot be written as a pair; convert a "
                + "paired data set.");
        PairSide? preferred = safe ? pair.Preferences.Safe : pair.Preferences.Helpful ?? pair.Preferences.Overall;
        if (preferred is null)
            throw new InvalidInputException($"{row.Position.File}, row {row.Position.Row}: does not say which answer is "
                + $"{(safe ? "safer (safer_response_id)" : "more helpful (more_helpful_response_id)")}; {(safe ? "leave out --by safe" : "add it")}, or drop "
                    + "the row.");
        (IReadOnlyList<ConversationMessage> chosen, IReadOnlyList<ConversationMessage> rejected) = preferred == PairSide.Chosen
            ? (pair.Chosen, pair.Rejected)
            : (pair.Rejected, pair.Chosen);
        if (format == ExportFormat.Trl) return new DatasetRow(Trl, row.Position, [pair.Images, pair.Messages, chosen, rejected]);
        if (row.Messages is not null || chosen.Count > 1 || rejected.Count > 1)
            throw new InvalidInputException($"{row.Position.File}, row {row.Position.Row}: is a conversation of several turns or images, which this format "
                + "cannot hold; use --to trl, parquet or jsonl.");
        (string? question, EncodedImage? image, string? category) = (row.Text("question"), row.Image, pair.Labels.Category);
        bool firstIsChosen = chosen == pair.Chosen != pair.RejectedFirst;
        bool? chosenUnsafe = preferred == PairSide.Chosen ? pair.Labels.ChosenUnsafe : pair.Labels.RejectedUnsafe, rejectedUnsafe = preferred == PairSide.Chosen
            ? pair.Labels.RejectedUnsafe : pair.Labels.ChosenUnsafe;
        return format switch
        {
            ExportFormat.AlignAnything => new DatasetRow(AlignAnything, row.Position,
                [question, image, category, row.Text("response_1"), row.Text("response_2"), firstIsChosen ? 1L : 2L]),
            ExportFormat.Reward => new DatasetRow(Reward, row.Position, [question, image, category, chosen[0].Text, rejected[0].Text]),
            ExportFormat.Cost => new DatasetRow(Cost, row.Position,
                [question, image, category, chosen[0].Text, rejected[0].Text, YesNo(chosenUnsafe), YesNo(rejectedUnsafe)]),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
    }

    private static string? YesNo(bool? harmful) => harmful switch { null => null, true => "no", false => "yes" };

    private static InvalidInputException Lone(DatasetRow row) =>
        new($"{row.Position.File}, row {row.Position.Row}: the other answer of its pair does not follow; the rows of a pair must stand together, answer 1 "
            + "before answer 2.");
}
