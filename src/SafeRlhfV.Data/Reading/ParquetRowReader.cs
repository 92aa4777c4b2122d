using ParquetSharp;
using ParquetSharp.Schema;

namespace SafeRlhfV.Data;

/// <summary>Rows of one Parquet file. Memory stays at a page a column and one small batch of rows, however large the row groups are.</summary>
internal sealed class ParquetRowReader : IRowReader
{
    /// <summary>Rows read at a time.</summary>
    internal const int BatchRows = 16;

    private readonly string file;
    private readonly ParquetFileReader reader;
    private readonly CheckedGroups known;
    private readonly Lazy<ParquetPageCheck?> pages;
    private readonly ParquetColumns.Bound?[] leaves;
    private readonly ParquetNestedColumns? nested;
    private readonly IReadOnlyDictionary<string, object> constants;

    /// <summary>Opens the file and checks its columns.</summary>
    /// <param name="file">The file.</param>
    /// <param name="known">Row groups whose page headers were checked before; null = none.</param>
    /// <exception cref="InvalidInputException">Not Parquet, cut off, encrypted, or with mistyped columns.</exception>
    public ParquetRowReader(string file, CheckedGroups? known = null)
    {
        (this.file, this.known) = (file, known ?? new CheckedGroups());
        pages = new Lazy<ParquetPageCheck?>(() => ParquetPageCheck.Open(file));
        reader = ParquetFile.Open(file);
        try
        {
            Dictionary<string, Node> fields = ParquetFile.Fields(reader);
            Schema = RowSchema.Guess(fields.Keys);
            ExtraColumns = [.. fields.Keys.Where(name => Schema.IndexOf(name) < 0)];
            RowCount = reader.FileMetaData.NumRows;
            GroupRows = [.. Enumerable.Range(0, reader.FileMetaData.NumRowGroups).Select(RowsOfGroup)];
            if (RowCount < 0 || GroupRows.Any(rows => rows < 0) || GroupRows.Sum() != RowCount)
                throw new InvalidInputException(new Finding(Fault.CorruptFooter, FindingSeverity.Error, file, null, [],
                    "the footer's row counts contradict each other; fetch the file again."));
            leaves = ParquetColumns.Bind(file, Schema, reader.FileMetaData.Schema.GroupNode);
            constants = PartitionPath.Values(file, Schema, fields.Keys);
            AbsentColumns = [.. Schema.Columns.Select(column => column.Name)
                .Where((name, i) => leaves[i] is null && !constants.ContainsKey(name) && !RowSchema.IsExtension(name))];
            (string, int[])[] lists = [.. Schema.Columns.Select((column, i) => (column, Bound: leaves[i]))
                .Where(pair => pair.column.Kind is ColumnKind.Messages or ColumnKind.ImageList && pair.Bound is { Leaves.Length: > 0 }
                && !IsNullColumn(fields[pair.column.Name])).Select(pair => (pair.column.Name, pair.Bound!.Leaves))];
            nested = lists.Length > 0 ? new ParquetNestedColumns(file, lists) : null;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public RowSchema Schema { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> ExtraColumns { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> AbsentColumns { get; }

    /// <summary>Rows by the footer.</summary>
    public long RowCount { get; }

    /// <summary>Rows of each row group.</summary>
    public IReadOnlyList<long> GroupRows { get; }

    /// <summary>File-level metadata, such as the key "huggingface".</summary>
    public IReadOnlyDictionary<string, string> Metadata => reader.FileMetaData.KeyValueMetadata;

    /// <inheritdoc/>
    public IEnumerable<DatasetRow> Read(long start, RowPosition? first = null, ImageStore? store = null)
    {
        RowPosition origin = first ?? RowPosition.FirstOf(file);
        long groupStart = 0;
        for (int group = 0; group < GroupRows.Count; group++)
        {
            long rows = GroupRows[group], skip = Math.Max(0, start - groupStart);
            if (skip < rows)
            {
                using RowGroupReader groupReader = OpenGroup(group, skip);
                for (long done = skip; done < rows; done += BatchRows)
                    foreach (DatasetRow row in ReadBatch(origin, groupStart + done, (int)Math.Min(BatchRows, rows - done), store))
                        yield return row;
            }
            groupStart += rows;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ParquetColumns.Bound? bound in leaves)
        {
            bound?.Value?.Dispose();
            bound?.Path?.Dispose();
        }
        nested?.Dispose();
        reader.Dispose();
    }

    private long RowsOfGroup(int group)
    {
        using RowGroupReader groupReader = reader.RowGroup(group);
        return groupReader.MetaData.NumRows;
    }

    private RowGroupReader OpenGroup(int group, long skip)
    {
        known.Check(file, group, () => pages.Value?.Check(group, column => Schema.IndexOf(column) >= 0));
        RowGroupReader groupReader = reader.RowGroup(group);
        foreach (ParquetColumns.Bound? bound in leaves)
            foreach (ParquetLeaf? leaf in (ParquetLeaf?[])[bound?.Value, bound?.Path])
                if (leaf is not null) Guard(leaf.Name, -1, () => leaf.Open(groupReader, skip));
        Guard("messages", -1, () => nested?.Open(group, skip));
        return groupReader;
    }

    private DatasetRow[] ReadBatch(RowPosition origin, long first, int rows, ImageStore? store)
    {
        object?[][] cells = new object?[rows][];
        for (int i = 0; i < rows; i++) cells[i] = new object?[Schema.Columns.Count];
        Dictionary<int, List<CellFault>> faults = [];
        for (int column = 0; column < leaves.Length; column++)
        {
            (string name, ColumnKind kind) = Schema.Columns[column];
            if (leaves[column] is not { } bound)
            {
                if (constants.TryGetValue(name, out object? constant)) foreach (object?[] row in cells) row[column] = constant;
                continue;
            }
            if (bound.Value is not { } value) continue; // nothing but nulls, or a list
            void Report(int row, string code, string what)
            {
                if (!faults.TryGetValue(row, out List<CellFault>? list)) faults[row] = list = [];
                list.Add(new CellFault(name, code, what));
            }
            void Invalid(int row) => Report(row, Fault.InvalidUtf8, "the text is not valid UTF-8; write it again in UTF-8 or drop the row.");
            switch (kind)
            {
                case ColumnKind.Text:
                    string?[] texts = new string?[rows];
                    Guard(name, first, () => value.ReadText(rows, texts, Invalid));
                    for (int i = 0; i < rows; i++) cells[i][column] = texts[i];
                    break;
                case ColumnKind.Integer:
                    long?[] numbers = new long?[rows];
                    Guard(name, first, () => value.ReadIntegers(rows, numbers,
                        (row, number) => Report(row, Fault.WrongType, $"'{number}' is not a whole number.")));
                    for (int i = 0; i < rows; i++) cells[i][column] = numbers[i];
                    break;
                default:
                    object?[] images = ReadImages(value, bound.Path, bound.ImageLevel, first, rows, store, Invalid);
                    for (int i = 0; i < rows; i++) cells[i][column] = images[i];
                    break;
            }
        }
        if (nested is not null) Guard("messages", first, () => FillLists(nested.Read(rows), cells, faults, store));
        return [.. cells.Select((row, i) => new DatasetRow(Schema, origin.Of(first + i), row, faults.GetValueOrDefault(i), AbsentColumns))];
    }

    private void FillLists(IReadOnlyDictionary<string, object?[]> lists, object?[][] cells, Dictionary<int, List<CellFault>> faults, ImageStore? store)
    {
        foreach ((string name, object?[] values) in lists)
            for (int i = 0; i < values.Length; i++)
                if (values[i] is CellFault fault)
                {
                    if (!faults.TryGetValue(i, out List<CellFault>? list)) faults[i] = list = [];
                    list.Add(fault);
                }
                else cells[i][Schema.IndexOf(name)] = values[i] is EncodedImage[] images ? Complete(images, store) : values[i];
    }

    private object Complete(EncodedImage[] images, ImageStore? store)
    {
        for (int i = 0; i < images.Length; i++)
            if (images[i].Bytes is null) images[i] = images[i] with { Bytes = ImageFiles.TryReadBeside(file, images[i].Path) };
        return ImageStore.Put(store, images)!;
    }

    private static bool IsNullColumn(Node field) => field is PrimitiveNode;

    private object?[] ReadImages(ParquetLeaf value, ParquetLeaf? path, int imageLevel, long first, int rows, ImageStore? store, Action<int> onInvalid)
    {
        string?[] paths = new string?[rows];
        object?[] images = new object?[rows];
        if (path is not null) Guard(path.Name, first, () => path.ReadText(rows, paths, onInvalid));
        Guard(value.Name, first, () =>
            value.ReadBytes(rows, (row, bytes) => images[row] = store is null ? new EncodedImage(bytes.ToArray(), paths[row]) : store.Put(bytes, paths[row])));
        for (int i = 0; i < rows; i++)
            if (images[i] is null && value.Levels[i] >= imageLevel)
                images[i] = ImageStore.Put(store, new EncodedImage(ImageFiles.TryReadBeside(file, paths[i]), paths[i]));
        return images;
    }

    /// <summary>Turns what the native reader throws into a fault at a column.</summary>
    private void Guard(string column, long row, Action read)
    {
        try
        {
            read();
        }
        catch (Exception error) when (ParquetFile.IsParquetError(error) || error is InvalidDataException or IOException)
        {
            string where = row < 0 ? "" : $" near row {row}", first = ParquetFile.FirstLine(error);
            throw new InvalidInputException(new Finding(Fault.CorruptPage, FindingSeverity.Error, file, null, [column],
                first.Contains("crypt", StringComparison.OrdinalIgnoreCase)
                ? $"the column is encrypted, which cannot be read ({first}); decrypt it."
                : $"a page of the column is damaged{where} ({first}); fetch or write the file again."), error);
        }
    }
}
