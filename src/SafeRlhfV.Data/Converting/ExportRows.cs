namespace SafeRlhfV.Data;

/// <summary>A row in the shape of another layout or trainer.</summary>
internal static class ExportRows
{
    public static readonly RowSchema Trl = new(RowLayout.Flat, ("images", ColumnKind.ImageList), ("prompt", ColumnKind.Text), ("chosen", ColumnKind.Text), ("rejected", ColumnKind.Text));

    public static readonly RowSchema AlignAnything = new(RowLayout.Flat, ("question", ColumnKind.Text), ("image", ColumnKind.Image), ("category", ColumnKind.Text),
        ("response_1", ColumnKind.Text), ("response_2", ColumnKind.Text), ("overall_response", ColumnKind.Integer));

    public static readonly RowSchema Reward = new(RowLayout.Flat, ("question", ColumnKind.Text), ("image", ColumnKind.Image), ("category", ColumnKind.Text),
        ("chosen", ColumnKind.Text), ("rejected", ColumnKind.Text));

    public static readonly RowSchema Cost = new(RowLayout.Flat, [.. Reward.Columns, ("is_chosen_safe", ColumnKind.Text), ("is_rejected_safe", ColumnKind.Text)]);

    /// <summary>The two flat rows of a pair.</summary>
    public static IEnumerable<DatasetRow> Flatten(DatasetRow row, bool traced)
    {
        PreferencePair pair = row.ToPair();
        for (int i = 1; i <= 2; i++)
        {
            RatedResponse answer = i == 1 ? pair.Response1 : pair.Response2;
            object?[] cells = [pair.Question, pair.Image, pair.Category, (long)pair.ImageSeverity, answer.Text, answer.IsSafe ? "yes" : "no"];
            yield return traced
                ? new DatasetRow(RowSchema.FlatTraced, row.Position, [.. cells, row.Position.ToString(), (long)i, answer.From, (long)answer.HarmlessRate, (long)answer.HelpfulRate, pair.MoreHelpful.ToString(), pair.Safer.ToString()])
                : new DatasetRow(RowSchema.Flat, row.Position, cells);
        }
    }

    /// <summary>The pairs of traced flat rows; the two rows of a pair must follow each other.</summary>
    public static IEnumerable<DatasetRow> Pair(IEnumerable<DatasetRow> rows)
    {
        DatasetRow? first = null;
        foreach (DatasetRow row in rows)
        {
            if (row.Schema != RowSchema.FlatTraced)
                throw new InvalidInputException($"{row.Position.File}: a flat data set without the columns pair, response_id, ... holds no preferences, so no pairs can be made of it; convert the paired data set instead.");
            if (first is null)
            {
                first = row;
                continue;
            }
            if (first.Text("pair") != row.Text("pair") || (first.Integer("response_id"), row.Integer("response_id")) != (1, 2)) throw Lone(first);
            yield return new DatasetRow(RowSchema.Paired, row.Position,
            [
                row.Text("question"), first.Image, row.Text("category"), row.Integer("image_severity"), first.Text("response"), row.Text("response"), first.Text("response_from"), row.Text("response_from"),
                row.Text("more_helpful_response_id"), first.Text("is_response_safe"), row.Text("is_response_safe"), row.Text("safer_response_id"),
                first.Integer("harmless_rate"), row.Integer("harmless_rate"), first.Integer("helpful_rate"), row.Integer("helpful_rate"),
            ]);
            first = null;
        }
        if (first is not null) throw Lone(first);
    }

    /// <summary>A pair as a trainer's row.</summary>
    public static DatasetRow Prefer(DatasetRow row, ExportFormat format, bool bySafety)
    {
        PreferencePair pair = row.ToPair();
        int preferred = format == ExportFormat.Cost || format != ExportFormat.Reward && bySafety ? pair.Safer : pair.MoreHelpful;
        (RatedResponse chosen, RatedResponse rejected) = preferred == 1 ? (pair.Response1, pair.Response2) : (pair.Response2, pair.Response1);
        return format switch
        {
            ExportFormat.Trl => new DatasetRow(Trl, row.Position, [pair.Image, pair.Question, chosen.Text, rejected.Text]),
            ExportFormat.AlignAnything => new DatasetRow(AlignAnything, row.Position, [pair.Question, pair.Image, pair.Category, pair.Response1.Text, pair.Response2.Text, (long)preferred]),
            ExportFormat.Reward => new DatasetRow(Reward, row.Position, [pair.Question, pair.Image, pair.Category, chosen.Text, rejected.Text]),
            ExportFormat.Cost => new DatasetRow(Cost, row.Position, [pair.Question, pair.Image, pair.Category, chosen.Text, rejected.Text, chosen.IsSafe ? "yes" : "no", rejected.IsSafe ? "yes" : "no"]),
            _ => throw new ArgumentOutOfRangeException(nameof(format)),
        };
    }

    private static InvalidInputException Lone(DatasetRow row) =>
        new($"{row.Position.File}, row {row.Position.Row}: the other answer of its pair does not follow; the rows of a pair must stand together, answer 1 before answer 2.");
}
