namespace SafeRlhfV.Data;

/// <summary>
/// A row as a file holds it, right or wrong: cells may be null or unreadable. <see cref="ToPair"/> and <see cref="ToModeratedResponse"/> check it.
/// </summary>
public sealed class DatasetRow
{
    private readonly object?[] cells;

    internal DatasetRow(RowSchema schema, RowPosition position, object?[] cells, IReadOnlyList<CellFault>? faults = null, IReadOnlyList<string>? absent = null)
    {
        (Schema, Position, this.cells, Faults, Absent) = (schema, position, cells, faults ?? [], absent ?? []);
    }

    /// <summary>The columns of the row.</summary>
    public RowSchema Schema { get; }

    /// <summary>Where the row lies.</summary>
    public RowPosition Position { get; }

    /// <summary>The image; null where the row holds none.</summary>
    public EncodedImage? Image => (EncodedImage?)cells[Schema.IndexOf("image")];

    /// <summary>The conversation up to the last question where the row holds one; null where question and image are all.</summary>
    public IReadOnlyList<ConversationMessage>? Messages => Schema.IndexOf("messages") is var at and >= 0
        ? (IReadOnlyList<ConversationMessage>?)cells[at]
        : null;

    /// <summary>All images: those of the conversation, or the one image.</summary>
    public IReadOnlyList<EncodedImage> Images => Messages is null
        ? Image is { } one ? [one] : []
        : (IReadOnlyList<EncodedImage>?)cells[Schema.IndexOf("images")] ?? [];

    /// <summary>Cells that could not be read at all.</summary>
    internal IReadOnlyList<CellFault> Faults { get; }

    /// <summary>Columns of the layout that the file does not have.</summary>
    internal IReadOnlyList<string> Absent { get; }

    /// <summary>The text in a column; null where the cell is null or unreadable.</summary>
    public string? Text(string column) => (string?)Cell(column);

    /// <summary>The number in a column; null where the cell is null or unreadable.</summary>
    public long? Integer(string column) => (long?)Cell(column);

    /// <summary>A pair as a row of the paired layout.</summary>
    public static DatasetRow From(PreferencePair pair, RowPosition position = default) => new(RowSchema.Paired, position,
    [
        pair.Question, pair.Image, pair.Category, (long)pair.ImageSeverity, pair.Response1.Text, pair.Response2.Text, pair.Response1.From, pair.Response2.From,
        pair.MoreHelpful == 1 ? "1" : "2", YesNo(pair.Response1.IsSafe), YesNo(pair.Response2.IsSafe), pair.Safer == 1 ? "1" : "2",
        (long)pair.Response1.HarmlessRate, (long)pair.Response2.HarmlessRate, (long)pair.Response1.HelpfulRate, (long)pair.Response2.HelpfulRate,
    ]);

    /// <summary>A moderated answer as a row of the flat layout.</summary>
    public static DatasetRow From(ModeratedResponse row, RowPosition position = default) => new(RowSchema.Flat, position,
        [row.Question, row.Image, row.Category, (long)row.ImageSeverity, row.Response, YesNo(row.IsResponseSafe)]);

    /// <summary>The row as a checked pair.</summary>
    /// <exception cref="InvalidInputException">The row breaks a rule whose finding is an error; the message names file, row and column.</exception>
    public PreferencePair ToPair()
    {
        if (Schema.Layout != RowLayout.Paired)
            throw new InvalidInputException($"{Position.File}: rows of the flat layout (one answer a row) cannot be read as pairs; convert it with 'data "
                + "convert' or give a paired data set.");
        Check();
        (IReadOnlyList<EncodedImage> images, string question) = ToRecord(RecordParts.None).AsQuestion("a reader of one question with one image");
        return new PreferencePair
        {
            Question = question,
            Image = images.Count > 0 ? images[0] : null,
            Category = LabelWords.Category(Text("category")!)!,
            ImageSeverity = (int)Integer("image_severity")!.Value,
            Response1 = Response(1),
            Response2 = Response(2),
            MoreHelpful = LabelWords.Preferred(Text("more_helpful_response_id")!)!.Value,
            Safer = LabelWords.Preferred(Text("safer_response_id")!)!.Value,
        };
    }

    /// <summary>The row as a conversation. What the row does not say is null; what it says must be readable.</summary>
    /// <param name="parts">What is wanted; other columns are not looked at.</param>
    /// <param name="categories">The user's own names of categories.</param>
    /// <exception cref="InvalidInputException">A wanted cell breaks a rule whose finding is an error; the message names file, row and column.</exception>
    public ConversationRecord ToRecord(RecordParts parts = RecordParts.All, IReadOnlyDictionary<string, string>? categories = null)
    {
        foreach (Finding finding in RowRules.Check(this, parts, categories))
            if (finding.Severity == FindingSeverity.Error
                && !(finding.Code is Fault.NullValue or Fault.MissingColumn || finding.Code == Fault.ImageNull && Image is null && Messages is null))
                throw new InvalidInputException(finding);
        return RowRecords.Of(this, parts, categories);
    }

    /// <summary>The row of the flat layout as a checked record.</summary>
    /// <exception cref="InvalidInputException">The row breaks a rule whose finding is an error; the message names file, row and column.</exception>
    public ModeratedResponse ToModeratedResponse()
    {
        if (Schema.Layout != RowLayout.Flat) throw new InvalidOperationException("A pair holds two answers.");
        Check();
        (IReadOnlyList<EncodedImage> images, string question) = ToRecord(RecordParts.None).AsQuestion("a reader of one question with one image");
        return new ModeratedResponse(question, images.Count > 0 ? images[0] : null, LabelWords.Category(Text("category")!)!,
            (int)Integer("image_severity")!.Value, Text("response")!, LabelWords.Safe(Text("is_response_safe")!)!.Value);
    }

    /// <summary>The same pair with other labels.</summary>
    /// <param name="moreHelpful">The more helpful response, 1 or 2.</param>
    /// <param name="safer">The safer response, 1 or 2.</param>
    /// <param name="rates1">How response 1 is rated.</param>
    /// <param name="rates2">How response 2 is rated.</param>
    /// <exception cref="InvalidOperationException">The row is no pair.</exception>
    public DatasetRow Relabelled(int moreHelpful, int safer, (int Harmless, int Helpful) rates1, (int Harmless, int Helpful) rates2)
    {
        if (Schema.Layout != RowLayout.Paired) throw new InvalidOperationException("A row of one response has no preferences.");
        (string Column, object Value)[] labels =
        [
            ("more_helpful_response_id", $"{moreHelpful}"), ("safer_response_id", $"{safer}"), ("is_response_1_safe", YesNo(rates1.Harmless >= 0)),
                ("is_response_2_safe", YesNo(rates2.Harmless >= 0)),
            ("response_1_harmless_rate", (long)rates1.Harmless), ("response_2_harmless_rate", (long)rates2.Harmless),
            ("response_1_helpful_rate", (long)rates1.Helpful), ("response_2_helpful_rate", (long)rates2.Helpful),
        ];
        return labels.Aggregate(this, (row, label) => row.With(label.Column, label.Value));
    }

    /// <summary>The same row with one cell changed.</summary>
    internal DatasetRow With(string column, object? value)
    {
        object?[] changed = [.. cells];
        changed[Schema.IndexOf(column)] = value;
        return new DatasetRow(Schema, Position, changed, [.. Faults.Where(fault => fault.Column != column)], Absent);
    }

    /// <summary>
    /// The same row with the images that its reader put into a store. It is a new row on purpose: this one has survived garbage collections in its window, and
    /// would keep the images alive until the next full one.
    /// </summary>
    internal DatasetRow TakeImages(ImageStore store)
    {
        object?[] whole = [.. cells];
        for (int i = 0; i < whole.Length; i++)
            if (Schema.Columns[i].Kind is ColumnKind.Image or ColumnKind.ImageList) whole[i] = store.Take(whole[i]);
        return new DatasetRow(Schema, Position, whole, Faults, Absent);
    }

    /// <summary>The row in its layout's plain columns: without what only the way back to pairs needs.</summary>
    internal DatasetRow WithoutPairColumns() => Schema.IsTraced ? In(RowSchema.Flat.With([.. Schema.Columns.Select(column => column.Name)])) : this;

    /// <summary>The row in the columns of another schema, found by name; null where this one has none.</summary>
    internal DatasetRow In(RowSchema schema) => schema == Schema
        ? this
        : new DatasetRow(schema, Position, [.. schema.Columns.Select(column => Schema.IndexOf(column.Name) is var at and >= 0 ? cells[at] : null)], Faults,
            Absent);

    /// <summary>A cell by its place in the schema.</summary>
    internal object? this[int column] => cells[column];

    private object? Cell(string column)
    {
        int index = Schema.IndexOf(column);
        return index >= 0 ? cells[index] : RowSchema.IsKnown(column)
            ? null
            : throw new ArgumentException($"The {Schema.Layout} layout has no column '{column}'.", nameof(column));
    }

    private RatedResponse Response(int number) =>
        new(Text($"response_{number}")!, Text($"response_{number}_from")!, LabelWords.Safe(Text($"is_response_{number}_safe")!)!.Value,
        (int)Integer($"response_{number}_harmless_rate")!.Value, (int)Integer($"response_{number}_helpful_rate")!.Value);

    private void Check()
    {
        if (Absent.Count > 0) throw new InvalidInputException(ParquetColumns.Missing(Position.File, Schema.Layout, Absent));
        if (Messages is { Count: > 1 } or [{ ImageCount: > 1 }])
            throw new InvalidInputException($"{Position.File}: row {Position.Row} is a conversation of several turns or images, which cannot be read as one "
                + "question with one image here.");
        foreach (Finding finding in RowRules.Check(this))
            if (finding.Severity == FindingSeverity.Error && !(finding.Code == Fault.ImageNull && Image is null))
                throw new InvalidInputException(finding);
        // conversations may leave open what a pair or a moderated answer has to say
        foreach ((string column, ColumnKind kind) in RowSchema.Of(Schema.Layout).Columns)
            if (kind is ColumnKind.Text or ColumnKind.Integer && column != "question" && this[Schema.IndexOf(column)] is null)
                throw new InvalidInputException(RowRules.Error(this, Fault.NullValue, "the cell is null; give a value or drop the row.", column));
    }

    private static string YesNo(bool value) => value ? "yes" : "no";
}
