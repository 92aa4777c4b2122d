namespace SafeRlhfV.Data;

/// <summary>
/// A BeaverTails-V data set on disk: a folder in a Hugging Face layout (dataset card, configurations, splits, shards), one Parquet file, or one
/// JSON file, of paired or flat rows, perhaps with conversations of several turns and images. Rows stream: memory holds a page a column and a few rows,
/// whatever the size.
/// </summary>
public sealed class PreferenceDataset
{
    private readonly Dictionary<string, (long Rows, RowSchema Schema)> files;

    private PreferenceDataset(string path, IReadOnlyList<DatasetPart> parts, IReadOnlyList<string> absent, IReadOnlyList<string> extra,
        Dictionary<string, (long Rows, RowSchema Schema)> files)
    {
        (Path, Parts, AbsentConfigs, ExtraColumns, this.files) = (path, parts, absent, extra, files);
        // of files with unlike columns: all of them
        Schemas = [.. files.Values.Where(file => file.Rows > 0).GroupBy(file => file.Schema.Layout).OrderBy(group => group.Key)
            .Select(group => group.Select(file => file.Schema)
                .Aggregate((all, one) => (all.IsTraced && !one.IsTraced
                    ? one
                    : all).With([.. all.Columns.Concat(one.Columns).Select(column => column.Name)])))];
        Configs = [.. parts.Select(part => part.Config).Distinct()];
        Splits = [.. parts.Select(part => part.Split).Distinct()];
    }

    /// <summary>The folder or file, as it was given.</summary>
    public string Path { get; }

    /// <summary>Pairs, or single answers; pairs where the data set has both.</summary>
    public RowLayout Layout => Schemas[0].Layout;

    /// <summary>Row groups whose page headers were checked: once for all who read this data set.</summary>
    internal CheckedGroups Checked { get; } = new();

    /// <summary>The columns of each layout that the data set has.</summary>
    internal IReadOnlyList<RowSchema> Schemas { get; }

    /// <summary>Each split of each configuration with its files.</summary>
    public IReadOnlyList<DatasetPart> Parts { get; }

    /// <summary>The configurations that have files.</summary>
    public IReadOnlyList<string> Configs { get; }

    /// <summary>The splits that have files.</summary>
    public IReadOnlyList<string> Splits { get; }

    /// <summary>Configurations that the dataset card names but that have no files here (a slice of a data set).</summary>
    public IReadOnlyList<string> AbsentConfigs { get; }

    /// <summary>Columns of the files that BeaverTails-V does not know; they are not read.</summary>
    public IReadOnlyList<string> ExtraColumns { get; }

    /// <summary>Opens a data set: finds its files and checks each one's footer and columns. No row is read yet.</summary>
    /// <param name="path">A folder, a Parquet file, a file of JSON lines or of one JSON array.</param>
    /// <exception cref="InvalidInputException">Nothing there, a file is damaged, a column is of another type, or there is no row at all.</exception>
    public static PreferenceDataset Open(string path)
    {
        (IReadOnlyList<DatasetPart> parts, IReadOnlyList<string> absent) = DatasetDiscovery.Find(path);
        HashSet<string> extra = [];
        Dictionary<string, (long Rows, RowSchema Schema)> files = [];
        foreach (string file in parts.SelectMany(part => part.Files).Distinct())
        {
            using IRowReader reader = OpenFile(file);
            files[file] = (CountRows(reader), reader.Schema);
            extra.UnionWith(reader.ExtraColumns);
        }
        if (files.Values.All(file => file.Rows == 0))
            throw new InvalidInputException(new Finding(Fault.ZeroRows, FindingSeverity.Error, files.Count == 1 ? files.Keys.First() : path, null, [],
                "the data set holds no row; give one with rows."));
        return new PreferenceDataset(path, parts, absent, [.. extra.Order(StringComparer.Ordinal)], files);
    }

    /// <summary>The number of rows, of one split or configuration where given.</summary>
    /// <exception cref="InvalidInputException">There is no such split or configuration.</exception>
    public long CountRows(string? split = null, string? config = null) => Select(split, config).Sum(part => part.Files.Sum(file => files[file].Rows));

    /// <summary>The rows of one file, as counted when the data set was opened.</summary>
    public long CountRowsOfFile(string file) => files[file].Rows;

    /// <summary>The columns of one file.</summary>
    internal RowSchema SchemaOfFile(string file) => files[file].Schema;

    /// <summary>The rows as the files hold them, part by part, right or wrong.</summary>
    /// <exception cref="InvalidInputException">There is no such split or configuration, or a file is damaged.</exception>
    public IEnumerable<DatasetRow> ReadRows(string? split = null, string? config = null) => Select(split, config).SelectMany(ReadPart);

    /// <summary>Some of the rows that <see cref="ReadRows"/> gives, without reading those before them.</summary>
    /// <param name="first">The first one, from 0 over all parts.</param>
    /// <param name="count">How many; fewer where the data set ends.</param>
    /// <exception cref="InvalidInputException">A file is damaged.</exception>
    public IEnumerable<DatasetRow> ReadRange(long first, int count)
    {
        long before = 0;
        foreach (DatasetPart part in Parts)
        {
            long index = 0;
            foreach (string file in part.Files)
            {
                long start = Math.Max(0, first - before), end = Math.Min(files[file].Rows, first + count - before);
                if (start < end)
                {
                    using IRowReader reader = OpenFile(file, Checked);
                    foreach (DatasetRow row in reader.Read(start, new RowPosition(part.Config, part.Split, file, 0, index)).Take((int)(end - start)))
                        yield return row;
                }
                before += files[file].Rows;
                index += files[file].Rows;
            }
        }
    }

    /// <summary>The first rows of every part, as many of each as there are, up to a number in all: what a data set is like.</summary>
    /// <exception cref="InvalidInputException">There is no such split or configuration, or a file is damaged.</exception>
    public IEnumerable<DatasetRow> Sample(int count, string? split = null, string? config = null)
    {
        DatasetPart[] parts = Select(split, config);
        long[] sizes = [.. parts.Select(part => part.Files.Sum(file => files[file].Rows))], taken = new long[parts.Length];
        for (long left = Math.Min(count, sizes.Sum()); left > 0;)
            for (int i = 0; i < parts.Length && left > 0; i++)
                if (taken[i] < sizes[i]) (taken[i], left) = (taken[i] + 1, left - 1);
        return parts.SelectMany((part, i) => ReadPart(part).Take((int)taken[i]));
    }

    /// <summary>Checked pairs, part by part. Rows without an image are pairs without an image.</summary>
    /// <exception cref="InvalidInputException">There is no such split or configuration, a file is damaged, the layout is flat, or a row breaks a rule; file,
    /// row and column are named.</exception>
    public IEnumerable<PreferencePair> ReadPairs(string? split = null, string? config = null) => ReadRows(split, config).Select(row => row.ToPair());

    /// <summary>Checked single answers, for the guard: the rows of a flat data set, or both answers of each pair.</summary>
    /// <exception cref="InvalidInputException">As <see cref="ReadPairs"/>.</exception>
    public IEnumerable<ModeratedResponse> ReadResponses(string? split = null, string? config = null)
    {
        foreach (DatasetRow row in ReadRows(split, config))
        {
            if (row.Schema.Layout == RowLayout.Flat)
            {
                yield return row.ToModeratedResponse();
                continue;
            }
            PreferencePair pair = row.ToPair();
            foreach (RatedResponse response in (RatedResponse[])[pair.Response1, pair.Response2])
                yield return new ModeratedResponse(pair.Question, pair.Image, pair.Category, pair.ImageSeverity, response.Text, response.IsSafe);
        }
    }

    /// <summary>The rows as conversations.</summary>
    /// <param name="parts">What of a row is wanted; other columns are not looked at.</param>
    /// <param name="split">The split; null for all.</param>
    /// <param name="config">The configuration; null for all.</param>
    /// <param name="categories">The user's own names of categories.</param>
    /// <exception cref="InvalidInputException">There is no such split or configuration, a file is damaged, or a wanted cell breaks a rule; file, row and column
    /// are named.</exception>
    public IEnumerable<ConversationRecord> ReadRecords(RecordParts parts = RecordParts.All, string? split = null, string? config = null,
        IReadOnlyDictionary<string, string>? categories = null) =>
        ReadRows(split, config).Select(row => row.ToRecord(parts, categories));

    /// <summary>Columns of some parts that are missing or null in all of the first hundred rows.</summary>
    /// <exception cref="InvalidInputException">There is no such split or configuration, or a file is damaged.</exception>
    public IReadOnlyList<string> EmptyColumns(RecordParts parts, string? split = null, string? config = null)
    {
        DatasetRow[] rows = [.. ReadRows(split, config).Take(100)];
        return [.. Schemas[0].Columns.Where(column =>
            RecordColumns.PartOf(column.Name) is not null && RecordColumns.IsWanted(column.Name, parts) && !RowSchema.IsExtension(column.Name))
            .Select(column => column.Name).Where(name => rows.All(row => row.Schema.IndexOf(name) is var at && (at < 0 || row[at] is null)))];
    }

    /// <summary>The columns of all layouts that hold something in the first rows of every part, and those that hold nothing.</summary>
    /// <param name="rows">How many rows are looked at.</param>
    /// <exception cref="InvalidInputException">A file is damaged.</exception>
    public (IReadOnlyList<(string Name, ColumnKind Kind)> Filled, IReadOnlyList<string> Empty) DescribeColumns(int rows)
    {
        DatasetRow[] looked = [.. Sample(rows)];
        ILookup<bool, (string Name, ColumnKind Kind)> columns = Schemas.SelectMany(schema => schema.Columns).Distinct()
            .ToLookup(column => looked.Any(row => row.Schema.IndexOf(column.Name) is var at and >= 0 && row[at] is not null));
        return ([.. columns[true]], [.. columns[false].Select(column => column.Name)]);
    }

    /// <summary>Some rows of one file, by their place in it.</summary>
    internal static IEnumerable<DatasetRow> ReadFile(string file, long start, RowPosition? first = null)
    {
        using IRowReader reader = OpenFile(file);
        foreach (DatasetRow row in reader.Read(start, first)) yield return row;
    }

    /// <summary>Opens one file by its kind.</summary>
    /// <param name="file">The file.</param>
    /// <param name="known">Row groups whose page headers were checked before; null = none.</param>
    internal static IRowReader OpenFile(string file, CheckedGroups? known = null)
    {
        ForeignData.Refuse(file);
        return DatasetDiscovery.IsJsonl(file) ? new JsonlRowReader(file) : new ParquetRowReader(file, known);
    }

    /// <summary>Rows of an open file; a JSONL file is read once for it.</summary>
    internal static long CountRows(IRowReader reader) => reader is ParquetRowReader parquet ? parquet.RowCount : ((JsonlRowReader)reader).CountRows();

    /// <summary>The parts of a split and configuration.</summary>
    internal DatasetPart[] Select(string? split, string? config)
    {
        if (split is not null && !Splits.Contains(split)) throw new InvalidInputException($"{Path}: no split '{split}'; it has {string.Join(", ", Splits)}.");
        if (config is not null && !Configs.Contains(config))
            throw new InvalidInputException($"{Path}: no configuration '{config}'; it has {string.Join(", ", Configs)}.");
        return [.. Parts.Where(part => (split is null || part.Split == split) && (config is null || part.Config == config))];
    }

    private IEnumerable<DatasetRow> ReadPart(DatasetPart part)
    {
        long index = 0;
        foreach (string file in part.Files)
        {
            if (files[file].Rows == 0) continue;
            using IRowReader reader = OpenFile(file, Checked);
            if (reader.Schema != files[file].Schema)
                throw new InvalidInputException($"{file}: the file was changed while it was read; open the data set again.");
            foreach (DatasetRow row in reader.Read(0, new RowPosition(part.Config, part.Split, file, 0, index))) yield return row;
            index += files[file].Rows;
        }
    }
}
