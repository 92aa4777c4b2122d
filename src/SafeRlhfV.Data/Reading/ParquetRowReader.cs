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
    private readonly ParquetPageCheck? pages;
    private readonly (ParquetLeaf? Value, ParquetLeaf? Path, int ImageLevel)[] leaves;

    /// <summary>Opens the file and checks its columns.</summary>
    /// <exception cref="InvalidInputException">Not Parquet, cut off, or with missing or mistyped columns.</exception>
    public ParquetRowReader(string file)
    {
        this.file = file;
        reader = ParquetFile.Open(file);
        try
        {
            Dictionary<string, Node> fields = ParquetFile.Fields(reader);
            Schema = RowSchema.Guess(fields.Keys);
            ExtraColumns = [.. fields.Keys.Where(name => Schema.IndexOf(name) < 0)];
            RowCount = reader.FileMetaData.NumRows;
            GroupRows = [.. Enumerable.Range(0, reader.FileMetaData.NumRowGroups).Select(RowsOfGroup)];
            if (RowCount < 0 || GroupRows.Any(rows => rows < 0) || GroupRows.Sum() != RowCount)
                throw new InvalidInputException(new Finding(Fault.CorruptFooter, FindingSeverity.Error, file, null, [], "the footer's row counts contradict each other; fetch the file again."));
            pages = ParquetPageCheck.Open(file);
            leaves = ParquetColumns.Bind(file, Schema, fields, reader.FileMetaData.Schema);
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

    /// <summary>Rows by the footer.</summary>
    public long RowCount { get; }

    /// <summary>Rows of each row group.</summary>
    public IReadOnlyList<long> GroupRows { get; }

    /// <summary>File-level metadata, such as the key "huggingface".</summary>
    public IReadOnlyDictionary<string, string> Metadata => reader.FileMetaData.KeyValueMetadata;

    /// <inheritdoc/>
    public IEnumerable<DatasetRow> Read(long start) => Read(start, null);

    /// <summary>The same, the pictures put away at once where there is a store for them.</summary>
    public IEnumerable<DatasetRow> Read(long start, PictureStore? store)
    {
        long first = 0;
        for (int group = 0; group < GroupRows.Count; group++)
        {
            long rows = GroupRows[group], skip = Math.Max(0, start - first);
            if (skip < rows)
            {
                using RowGroupReader groupReader = OpenGroup(group, skip);
                for (long done = skip; done < rows; done += BatchRows)
                    foreach (DatasetRow row in ReadBatch(first + done, (int)Math.Min(BatchRows, rows - done), store))
                        yield return row;
            }
            first += rows;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((ParquetLeaf? value, ParquetLeaf? path, _) in leaves)
        {
            value?.Dispose();
            path?.Dispose();
        }
        reader.Dispose();
    }

    private long RowsOfGroup(int group)
    {
        using RowGroupReader groupReader = reader.RowGroup(group);
        return groupReader.MetaData.NumRows;
    }

    private RowGroupReader OpenGroup(int group, long skip)
    {
        pages?.Check(group, column => Schema.IndexOf(column) >= 0);
        RowGroupReader groupReader = reader.RowGroup(group);
        foreach ((ParquetLeaf? value, ParquetLeaf? path, _) in leaves)
            foreach (ParquetLeaf? leaf in (ParquetLeaf?[])[value, path])
                if (leaf is not null) Guard(leaf, -1, () => leaf.Open(groupReader, skip));
        return groupReader;
    }

    private DatasetRow[] ReadBatch(long first, int rows, PictureStore? store)
    {
        object?[][] cells = new object?[rows][];
        for (int i = 0; i < rows; i++) cells[i] = new object?[Schema.Columns.Count];
        Dictionary<int, List<CellFault>> faults = [];
        for (int column = 0; column < leaves.Length; column++)
        {
            (string name, ColumnKind kind) = Schema.Columns[column];
            (ParquetLeaf? value, ParquetLeaf? path, int imageLevel) = leaves[column];
            void Invalid(int row)
            {
                if (!faults.TryGetValue(row, out List<CellFault>? list)) faults[row] = list = [];
                list.Add(new CellFault(name, Fault.InvalidUtf8, "the text is not valid UTF-8; write it again in UTF-8 or drop the row."));
            }
            switch (kind)
            {
                case ColumnKind.Text:
                    string?[] texts = new string?[rows];
                    Guard(value!, first, () => value!.ReadText(rows, texts, Invalid));
                    for (int i = 0; i < rows; i++) cells[i][column] = texts[i];
                    break;
                case ColumnKind.Integer:
                    long?[] numbers = new long?[rows];
                    Guard(value!, first, () => value!.ReadIntegers(rows, numbers));
                    for (int i = 0; i < rows; i++) cells[i][column] = numbers[i];
                    break;
                default:
                    object?[] images = ReadImages(value!, path, imageLevel, first, rows, store, Invalid);
                    for (int i = 0; i < rows; i++) cells[i][column] = images[i];
                    break;
            }
        }
        return [.. cells.Select((row, i) => new DatasetRow(Schema, new RowPosition("default", "train", file, first + i, first + i), row, faults.GetValueOrDefault(i)))];
    }

    private object?[] ReadImages(ParquetLeaf value, ParquetLeaf? path, int imageLevel, long first, int rows, PictureStore? store, Action<int> onInvalid)
    {
        string?[] paths = new string?[rows];
        object?[] images = new object?[rows];
        if (path is not null) Guard(path, first, () => path.ReadText(rows, paths, onInvalid));
        Guard(value, first, () => value.ReadBytes(rows, (row, bytes) => images[row] = store is null ? new EncodedImage(bytes.ToArray(), paths[row]) : store.Put(bytes, paths[row])));
        for (int i = 0; i < rows; i++)
            if (images[i] is null && value.Levels[i] >= imageLevel) images[i] = new EncodedImage(ImageFiles.TryReadBeside(file, paths[i]), paths[i]);
        return images;
    }

    /// <summary>Turns what the native reader throws into a fault at a column.</summary>
    private void Guard(ParquetLeaf leaf, long row, Action read)
    {
        try
        {
            read();
        }
        catch (Exception error) when (ParquetFile.IsParquetError(error) || error is InvalidDataException)
        {
            string where = row < 0 ? "" : $" near row {row}";
            throw new InvalidInputException(new Finding(Fault.CorruptPage, FindingSeverity.Error, file, null, [leaf.Path.Split('.')[0]],
                $"a page of the column is damaged{where} ({ParquetFile.FirstLine(error)}); fetch or write the file again."), error);
        }
    }
}
