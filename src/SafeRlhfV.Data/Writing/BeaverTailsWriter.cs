using ParquetSharp;

namespace SafeRlhfV.Data;

/// <summary>
/// Writes a data set that Hugging Face <c>datasets</c> opens: one configuration a category, splits, Parquet shards, and a dataset card. It is
/// written aside and named only when whole: an error, a full disk or a kill leaves nothing half-written under the name.
/// </summary>
public sealed class BeaverTailsWriter : IDisposable
{
    private const long MostPending = 96L << 20;

    private readonly IReadOnlyList<RowSchema> schemas;
    private readonly BeaverTailsWriterOptions options;
    private readonly AtomicFolder folder;
    private readonly Dictionary<(string Config, string Split), Part> parts = [];
    private readonly Dictionary<string, RowSchema> configs = [];
    private long pendingBytes;

    private BeaverTailsWriter(IReadOnlyList<RowSchema> schemas, BeaverTailsWriterOptions options, AtomicFolder folder) =>
        (this.schemas, this.options, this.folder) = (schemas, options, folder);

    /// <summary>Begins a data set.</summary>
    /// <param name="folder">The folder to write; it must not exist or be empty, unless the options allow overwriting.</param>
    /// <param name="layout">Pairs or single answers.</param>
    /// <param name="options">Title, description, sizes.</param>
    /// <exception cref="InvalidInputException">The folder is taken or cannot be written.</exception>
    public static BeaverTailsWriter Create(string folder, RowLayout layout = RowLayout.Paired, BeaverTailsWriterOptions? options = null)
    {
        return Create(folder, [RowSchema.Of(layout)], options);
    }

    /// <summary>Begins a data set with the columns of another one.</summary>
    /// <exception cref="InvalidInputException">The folder is taken or cannot be written.</exception>
    public static BeaverTailsWriter Create(string folder, PreferenceDataset like, BeaverTailsWriterOptions? options = null) =>
        Create(folder, like.Schemas, options);

    /// <summary>Begins a data set of other columns; of several schemas, a row is written in the first one of its layout.</summary>
    internal static BeaverTailsWriter Create(string folder, IReadOnlyList<RowSchema> schemas, BeaverTailsWriterOptions? options)
    {
        options ??= new BeaverTailsWriterOptions();
        return new BeaverTailsWriter(schemas, options, AtomicFolder.Create(folder, options.Overwrite));
    }

    /// <summary>The folder's final name.</summary>
    public string Folder => folder.Target;

    /// <summary>Rows added so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Adds a pair to a split of its category.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Add(string split, PreferencePair pair) => Add(split, DatasetRow.From(pair), pair.Category);

    /// <summary>Adds a moderated answer to a split of its category.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Add(string split, ModeratedResponse row) => Add(split, DatasetRow.From(row), row.Category);

    /// <summary>Adds a row as it is, right or wrong, to a split of a configuration.</summary>
    /// <exception cref="InvalidInputException">The configuration or split is no file name, or the disk refuses.</exception>
    public void Add(string split, DatasetRow row, string config)
    {
        RowSchema schema = schemas.FirstOrDefault(one => one == row.Schema) ?? schemas.FirstOrDefault(one => one.Layout == row.Schema.Layout)
            ?? throw new ArgumentException($"The data set is {schemas[0].Layout}, the row {row.Schema.Layout}.", nameof(row));
        row = row.In(schema);
        // files of one configuration have one schema: pairs and single answers of one name are kept apart
        if (configs.TryGetValue(config, out RowSchema? other) && other != schema) config += schema.Layout == RowLayout.Paired ? "-pairs" : "-answers";
        configs[config] = schema;
        if (!parts.TryGetValue((config, split), out Part? part))
            parts[(config, split)] = part = new Part(CheckConfig(config), CheckSplit(folder.Target, split), schema);
        long bytes = SizeOf(row);
        part.Pending.Add(row);
        part.PendingBytes += bytes;
        part.Rows++;
        part.Bytes += bytes;
        pendingBytes += bytes;
        Rows++;
        if (part.Pending.Count >= options.RowsPerGroup) Flush(part);
        while (pendingBytes > MostPending) Flush(parts.Values.MaxBy(candidate => candidate.PendingBytes)!);
    }

    /// <summary>Adds a text file next to the card, such as a report.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Attach(string fileName, string text) => DiskErrors.Writing(folder.Target, () =>
    {
        File.WriteAllText(folder.At(fileName), text);
        return true;
    });

    /// <summary>Writes what is left and the card, and gives the folder its name.</summary>
    /// <exception cref="InvalidInputException">No row was added, or the disk refuses.</exception>
    public void Complete()
    {
        if (Rows == 0) throw new InvalidInputException($"{folder.Target}: there is no row to write.");
        foreach (Part part in parts.Values)
        {
            if (part.Pending.Count > 0) Flush(part);
            CloseShard(part);
            for (int shard = 0; shard < part.Shards; shard++)
                DiskErrors.Writing(folder.Target, () =>
                {
                    File.Move(ShardAside(part, shard), folder.At("data", part.Config, $"{part.Split}-{shard:00000}-of-{part.Shards:00000}.parquet"));
                    return true;
                });
        }
        string card = DatasetCardText.Write(configs, options, Rows,
            [.. parts.Values.Select(part => new DatasetCardText.PartSize(part.Config, part.Split, part.Rows, part.Bytes, part.FileBytes))]);
        DiskErrors.Writing(folder.Target, () =>
        {
            File.WriteAllText(folder.At("README.md"), card);
            return true;
        });
        folder.Commit();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Part part in parts.Values) part.Writer?.Dispose();
        folder.Dispose();
    }

    private void Flush(Part part) => Guard(() =>
    {
        if (part.Writer is null)
        {
            part.Writer = new ParquetShardWriter(ShardAside(part, part.Shards), part.Schema);
            part.Shards++;
        }
        part.Writer.WriteGroup(part.Pending);
        part.ShardBytes += part.PendingBytes;
        pendingBytes -= part.PendingBytes;
        part.PendingBytes = 0;
        part.Pending.Clear();
        if (part.ShardBytes >= options.BytesPerShard) CloseShard(part);
        return true;
    });

    private void CloseShard(Part part) => Guard(() =>
    {
        if (part.Writer is null) return false;
        part.FileBytes += part.Writer.Close();
        part.Writer.Dispose();
        part.Writer = null;
        part.ShardBytes = 0;
        return true;
    });

    // what the native writer reports is the disk's refusal as well
    private T Guard<T>(Func<T> write) => DiskErrors.Writing(folder.Target, () =>
    {
        try
        {
            return write();
        }
        catch (ParquetException error)
        {
            throw new IOException(ParquetFile.FirstLine(error), error);
        }
    });

    private string ShardAside(Part part, int shard) => folder.At("data", part.Config, $".{part.Split}-{shard:00000}.parquet");

    /// <summary>The name of a split, if Hugging Face <c>datasets</c> takes it.</summary>
    /// <exception cref="InvalidInputException">It does not.</exception>
    public static string CheckSplit(string target, string name) =>
        name.Split('.').All(word => word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
        ? name
        : throw new InvalidInputException($"{target}: {Finding.Quote(name)} cannot name a split; use letters, digits and '_'.");

    private string CheckConfig(string name) =>
        name.Length > 0 && name[0] != '.' && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')
        ? name
        : throw new InvalidInputException($"{folder.Target}: {Finding.Quote(name)} cannot name a configuration; use letters, digits, '_', '-' and '.'.");

    private static long SizeOf(DatasetRow row)
    {
        long bytes = 0;
        for (int i = 0; i < row.Schema.Columns.Count; i++)
            bytes += row[i] switch
            {
                string text => System.Text.Encoding.UTF8.GetByteCount(text) + 4,
                EncodedImage image => SizeOf(image),
                IReadOnlyList<EncodedImage> images => images.Sum(SizeOf),
                IReadOnlyList<ConversationMessage> messages =>
                    messages.Sum(message => message.Parts.Sum(part => 8L + (part.Text is null ? 0 : System.Text.Encoding.UTF8.GetByteCount(part.Text)))),
                _ => 8,
            };
        return bytes;
    }

    private static long SizeOf(EncodedImage image) => (image.Bytes?.LongLength ?? 0) + (image.Path?.Length ?? 0) + 8;

    private sealed class Part(string config, string split, RowSchema schema)
    {
        public RowSchema Schema { get; } = schema;
        public string Config { get; } = config;
        public string Split { get; } = split;
        public List<DatasetRow> Pending { get; } = [];
        public long PendingBytes { get; set; }
        public long Rows { get; set; }
        public long Bytes { get; set; }
        public long FileBytes { get; set; }
        public long ShardBytes { get; set; }
        public int Shards { get; set; }
        public ParquetShardWriter? Writer { get; set; }
    }
}
