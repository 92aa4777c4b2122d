namespace SafeRlhfV.Data;

/// <summary>The rules that a single row must keep (arXiv 2503.17682; counts over the release are in the docs). Images are not decoded here.</summary>
public static class RowRules
{
    /// <summary>The lowest and highest harmless rate.</summary>
    public const int LowestHarmless = -3, HighestHarmless = 3;

    /// <summary>The highest helpful rate; the lowest is 0.</summary>
    public const int HighestHelpful = 3;

    /// <summary>The highest image severity; the lowest is 0 (the release has 1..3, the built-in world also 0).</summary>
    public const int HighestSeverity = 3;

    /// <summary>Every rule that the row breaks. A contradiction between two cells is reported only where both are sound by themselves.</summary>
    /// <param name="row">The row.</param>
    /// <param name="parts">What of the row is looked at.</param>
    /// <param name="categories">The user's own names of categories.</param>
    public static IEnumerable<Finding> Check(DatasetRow row, RecordParts parts = RecordParts.All, IReadOnlyDictionary<string, string>? categories = null)
    {
        foreach (CellFault fault in row.Faults)
        {
            if (fault.Column.Length == 0) yield return Error(row, fault.Code, fault.What);
            else if (RecordColumns.IsWanted(fault.Column, parts)) yield return Error(row, fault.Code, fault.What, fault.Column);
            if (fault.Column.Length == 0) yield break; // the whole row is unreadable
        }
        HashSet<string> sound = [.. row.Schema.Columns.Select(column => column.Name)
            .Where(name => RecordColumns.IsWanted(name, parts) && row.Faults.All(fault => fault.Column != name))];
        foreach ((string column, ColumnKind kind) in row.Schema.Columns)
            if (kind is ColumnKind.Text or ColumnKind.Integer && sound.Contains(column) && IsNull(row, column, kind) && !row.Absent.Contains(column)
                && !MayBeNull(row, column))
                yield return Error(row, Fault.NullValue, "the cell is null; give a value or drop the row.", column);

        foreach (Finding finding in row.Messages is null ? CheckImage(row) : ConversationRules.Check(row))
            if (finding.Columns.All(sound.Contains)) yield return finding;

        if (sound.Contains("category") && row.Text("category") is { } category && LabelWords.Category(category, categories) is var known && known != category)
            yield return known is not null
                ? Warning(row, Fault.UnknownCategory, $"{Finding.Quote(category)} is read as '{known}'; 'data validate --fix' writes it so.", "category")
                : Error(row, Fault.UnknownCategory,
                    $"{Finding.Quote(category)} is not one of the {Taxonomy.Categories.Count} categories of BeaverTails-V; {Taxonomy.Hint}.", "category");
        if (sound.Contains("image_severity") && row.Integer("image_severity") is { } severity && severity is < 0 or > HighestSeverity)
            yield return Error(row, Fault.SeverityOutOfRange, $"{row.Integer("image_severity")} is not in 0..{HighestSeverity}.", "image_severity");
        foreach (string column in TextColumns(row.Schema))
            if (sound.Contains(column) && (column != "question" || row.Messages is null) && row.Text(column) is { } text && string.IsNullOrWhiteSpace(text))
                yield return Error(row, Fault.EmptyText, "the text is empty.", column);

        IEnumerable<Finding> labels = row.Schema.Layout == RowLayout.Paired ? CheckPair(row) : CheckLabel(row, "is_response_safe");
        foreach (Finding finding in labels.Concat(CheckLabel(row, "is_prompt_safe")))
            if (finding.Columns.All(sound.Contains)) yield return finding;
    }

    private static IEnumerable<Finding> CheckImage(DatasetRow row)
    {
        if (row.Image?.Bytes is null && !(row.Schema.HasMessages && row.Image is null))
            yield return Error(row, Fault.ImageNull, row.Image?.Path is { } path
                ? $"the image has no bytes and its path {Finding.Quote(path)} names no file; store the bytes or mend the path."
                : "the row has no image; add one or drop the row.", "image");
    }

    /// <summary>In data sets with a column of messages, what a row does not say is null.</summary>
    private static bool MayBeNull(DatasetRow row, string column) => row.Schema.HasMessages && (column != "question" || row.Messages is not null)
        || column is "overall_response_id" or "source_fields" or "answer" or "is_prompt_safe";

    private static IEnumerable<Finding> CheckPair(DatasetRow row)
    {
        for (int i = 1; i <= 2; i++)
        {
            string labelColumn = $"is_response_{i}_safe", rateColumn = $"response_{i}_harmless_rate", helpfulColumn = $"response_{i}_helpful_rate";
            foreach (Finding finding in CheckLabel(row, labelColumn)) yield return finding;
            if (row.Integer(rateColumn) is { } rate && rate is < LowestHarmless or > HighestHarmless)
                yield return Error(row, Fault.RateOutOfRange, $"{row.Integer(rateColumn)} is not in {LowestHarmless}..{HighestHarmless}.", rateColumn);
            if (row.Integer(helpfulColumn) is { } helpful && helpful is < 0 or > HighestHelpful)
                yield return Error(row, Fault.RateOutOfRange, $"{row.Integer(helpfulColumn)} is not in 0..{HighestHelpful}.", helpfulColumn);
            if (Harmless(row, i) is { } sound && Label(row, labelColumn) is { } safe && safe != sound >= 0)
                yield return Error(row, Fault.LabelContradictsRate,
                    $"the label '{row.Text(labelColumn)}' contradicts the rate {sound} (safe means a rate of at least 0).", labelColumn, rateColumn);
        }
        foreach (string column in (string[])["more_helpful_response_id", "safer_response_id", "overall_response_id"])
            if (row.Text(column) is { } id && id is not ("1" or "2"))
                yield return LabelWords.Preferred(id) is { } meant
                    ? Warning(row, Fault.BadId, $"{Finding.Quote(id)} is read as '{meant}'; 'data validate --fix' writes it so.", column)
                    : Error(row, Fault.BadId, $"{Finding.Quote(id)} is neither '1' nor '2'.", column);

        if (Preferred(row, "safer_response_id") is { } safer && Harmless(row, safer) is { } preferred && Harmless(row, 3 - safer) is { } other
            && preferred < other)
            yield return preferred < 0 && other >= 0
                ? Error(row, Fault.SaferContradictsRates,
                    $"answer {safer} is called the safer one but is unsafe (rate {preferred}), while the other is safe (rate {other}).", SaferColumns)
                : Warning(row, Fault.SaferContradictsRatesWithinLine, $"answer {safer} is called the safer one with rate {preferred} against {other}.",
                    SaferColumns);
        if (Preferred(row, "more_helpful_response_id") is { } better && Helpful(row, better) is { } high && Helpful(row, 3 - better) is { } low && high < low)
            yield return Warning(row, Fault.HelpfulContradictsRates, $"answer {better} is called the more helpful one with rate {high} against {low}.",
                "more_helpful_response_id", "response_1_helpful_rate", "response_2_helpful_rate");
        if (row.Text("response_1") is { } first && first == row.Text("response_2") && !string.IsNullOrWhiteSpace(first))
            yield return Error(row, Fault.IdenticalResponses, "both answers are the same text; a preference between them means nothing.", "response_1",
                "response_2");
    }

    private static readonly string[] SaferColumns = ["safer_response_id", "response_1_harmless_rate", "response_2_harmless_rate"];

    private static IEnumerable<Finding> CheckLabel(DatasetRow row, string column)
    {
        if (row.Text(column) is { } label && label is not ("yes" or "no"))
            yield return LabelWords.Safe(label) is { } safe
                ? Warning(row, Fault.BadLabel, $"{Finding.Quote(label)} is read as '{(safe ? "yes" : "no")}'; 'data validate --fix' writes it so.", column)
                : Error(row, Fault.BadLabel, $"{Finding.Quote(label)} is neither 'yes' nor 'no'.", column);
    }

    private static string[] TextColumns(RowSchema schema) => schema.Layout == RowLayout.Paired
        ? ["question", "response_1", "response_2"]
        : ["question", "response"];

    private static bool IsNull(DatasetRow row, string column, ColumnKind kind) => kind == ColumnKind.Text
        ? row.Text(column) is null
        : row.Integer(column) is null;

    private static bool? Label(DatasetRow row, string column) => row.Text(column) is { } text ? LabelWords.Safe(text) : null;

    private static int? Preferred(DatasetRow row, string column) => row.Text(column) is { } text ? LabelWords.Preferred(text) : null;

    private static long? Harmless(DatasetRow row, int response) =>
        row.Integer($"response_{response}_harmless_rate") is { } rate and >= LowestHarmless and <= HighestHarmless ? rate : null;

    private static long? Helpful(DatasetRow row, int response) => row.Integer($"response_{response}_helpful_rate") is { } rate and >= 0 and <= HighestHelpful
        ? rate : null;

    internal static Finding Error(DatasetRow row, string code, string what, params string[] columns) =>
        new(code, FindingSeverity.Error, row.Position.File, row.Position.Row, columns, what) { Split = row.Position.Split };

    private static Finding Warning(DatasetRow row, string code, string what, params string[] columns) =>
        new(code, FindingSeverity.Warning, row.Position.File, row.Position.Row, columns, what) { Split = row.Position.Split };
}
