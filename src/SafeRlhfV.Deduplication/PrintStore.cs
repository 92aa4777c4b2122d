using System.Security.Cryptography;
using DuckDB.NET.Data;
using SafeRlhfV.Data;

namespace SafeRlhfV.Deduplication;

/// <summary>
/// The prints of all rows of a data set, in a scratch folder. DuckDB groups, joins and sorts them within a limit of memory and spills what does not fit, so
/// memory does not grow with the data set.
/// </summary>
internal sealed class PrintStore : IDisposable
{
    private readonly DirectoryInfo folder;
    private readonly DuckDBConnection connection;
    private readonly Dictionary<string, int> splits = [];
    private DuckDBAppender? rows, images;
    private long imageCount;

    /// <summary>Begins a store.</summary>
    /// <param name="splits">The splits in the order in which duplicates are told.</param>
    /// <param name="memory">Bytes that grouping and sorting may take.</param>
    /// <param name="scratch">A folder for the scratch folder; null for the system's.</param>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public PrintStore(IEnumerable<string> splits, long memory, string? scratch)
    {
        foreach (string split in splits) this.splits[split] = this.splits.Count;
        folder = DiskErrors.Writing(scratch ?? Path.GetTempPath(), () => scratch is null
            ? Directory.CreateTempSubdirectory("safe-rlhf-v-dedupe-")
            : Directory.CreateDirectory(Path.Combine(scratch, $"safe-rlhf-v-dedupe-{Guid.NewGuid():N}")));
        Miniatures = new MiniatureFile(Path.Combine(folder.FullName, "miniatures"));
        connection = new DuckDBConnection($"Data Source={Path.Combine(folder.FullName, "prints.db")}");
        try
        {
            connection.Open();
            string spilled = Path.Combine(folder.FullName, "spilled").Replace("'", "''", StringComparison.Ordinal);
            Execute($"SET memory_limit = '{memory} bytes'; SET temp_directory = '{spilled}'; SET preserve_insertion_order = false");
            Execute("""
                CREATE TABLE prints (
                    number BIGINT, train BOOLEAN, row_a UBIGINT, row_b UBIGINT, words_a UBIGINT, words_b UBIGINT, images_a UBIGINT, images_b UBIGINT);
                CREATE TABLE images (image BIGINT, number BIGINT, split INTEGER, train BOOLEAN, pixels_a UBIGINT, pixels_b UBIGINT, hash UBIGINT);
                """);
            rows = connection.CreateAppender("prints");
            images = connection.CreateAppender("images");
        }
        catch (Exception error)
        {
            Dispose();
            if (error is DuckDBException) throw Failed(error);
            throw;
        }
    }

    /// <summary>The images' miniatures by number.</summary>
    public MiniatureFile Miniatures { get; }

    /// <summary>Takes the print of a row.</summary>
    /// <param name="number">The row's number in reading order.</param>
    /// <param name="print">The print.</param>
    public void Add(long number, RowPrint print) => Guard(() =>
    {
        bool isTrain = print.Position.Split == "train";
        (UInt128 row, UInt128 words, UInt128 same) = (print.Row, print.Words, Same(print));
        rows!.CreateRow().AppendValue(number).AppendValue(isTrain).AppendValue(High(row)).AppendValue(Low(row)).AppendValue(High(words)).AppendValue(Low(words))
            .AppendValue(High(same)).AppendValue(Low(same)).EndRow();
        foreach (ImageFingerprint image in print.Images.DistinctBy(image => image.Pixels))
        {
            images!.CreateRow().AppendValue(imageCount++).AppendValue(number).AppendValue(splits[print.Position.Split]).AppendValue(isTrain)
                .AppendValue(High(image.Pixels)).AppendValue(Low(image.Pixels)).AppendValue(image.Hash).EndRow();
            Miniatures.Add(image.Miniature);
        }
        return true;
    });

    /// <summary>Ends the adding; then questions may be asked.</summary>
    public void Seal() => Guard(() =>
    {
        rows!.Dispose();
        images!.Dispose();
        (rows, images) = (null, null);
        Miniatures.Seal();
        return true;
    });

    /// <summary>Rows equal in every column, by the first row of each group.</summary>
    public IEnumerable<IReadOnlyList<StoredRow>> EqualRows() => Groups("row", "");

    /// <summary>Rows whose question and answers are the same words but that are not equal in every column.</summary>
    public IEnumerable<IReadOnlyList<StoredRow>> EqualWords() => Groups("words", "AND (min(row_a) <> max(row_a) OR min(row_b) <> max(row_b))");

    /// <summary>Rows of one split that share an image's pixels, split by split.</summary>
    public IEnumerable<IReadOnlyList<long>> EqualPixels() => Grouped("""
        WITH repeated AS (SELECT split, pixels_a, pixels_b, min(image) AS first FROM images GROUP BY split, pixels_a, pixels_b HAVING count(*) > 1)
        SELECT repeated.first, images.number FROM images JOIN repeated USING (split, pixels_a, pixels_b) ORDER BY split, repeated.first, image
        """, reader => reader.GetInt64(1));

    /// <summary>Each train row with each row of another split that has an image of the same pixels.</summary>
    public IEnumerable<(long Train, long Held)> ExactLeaks() => Query("""
        SELECT train.number, held.number FROM images AS train JOIN images AS held USING (pixels_a, pixels_b)
        WHERE train.train AND NOT held.train ORDER BY train.image, held.image
        """, reader => (reader.GetInt64(0), reader.GetInt64(1))).Distinct();

    /// <summary>Runs a statement.</summary>
    public void Execute(string sql)
    {
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        Guard(command.ExecuteNonQuery);
    }

    /// <summary>Rows of a query, as they come.</summary>
    public IEnumerable<T> Query<T>(string sql, Func<DuckDBDataReader, T> read)
    {
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.UseStreamingMode = true;
        using DuckDBDataReader reader = Guard(() => (DuckDBDataReader)command.ExecuteReader());
        while (Guard(reader.Read)) yield return read(reader);
    }

    /// <summary>Appends to a table.</summary>
    public void Append<T>(string table, IEnumerable<T> values, Action<IDuckDBAppenderRow, T> write) => Guard(() =>
    {
        using DuckDBAppender appender = connection.CreateAppender(table);
        foreach (T value in values)
        {
            IDuckDBAppenderRow row = appender.CreateRow();
            write(row, value);
            row.EndRow();
        }
        return true;
    });

    public void Dispose()
    {
        rows?.Dispose();
        images?.Dispose();
        connection.Dispose();
        Miniatures.Dispose();
        folder.Delete(recursive: true);
    }

    private IEnumerable<IReadOnlyList<StoredRow>> Groups(string key, string further) => Grouped($"""
        WITH repeated AS (SELECT {key}_a, {key}_b, min(number) AS first FROM prints GROUP BY {key}_a, {key}_b HAVING count(*) > 1 {further})
        SELECT repeated.first, number, train, row_a, row_b, images_a, images_b FROM prints JOIN repeated USING ({key}_a, {key}_b)
        ORDER BY repeated.first, number
        """, reader => new StoredRow(reader.GetInt64(1), reader.GetBoolean(2), Whole(reader, 3), Whole(reader, 5)));

    /// <summary>Rows of a query whose first column names their group, group by group.</summary>
    private IEnumerable<IReadOnlyList<T>> Grouped<T>(string sql, Func<DuckDBDataReader, T> read)
    {
        List<T> group = [];
        long first = -1;
        foreach ((long of, T row) in Query(sql, reader => (reader.GetInt64(0), read(reader))))
        {
            if (of != first && group.Count > 0)
            {
                yield return group;
                group = [];
            }
            first = of;
            group.Add(row);
        }
        if (group.Count > 0) yield return group;
    }

    // what the engine reports is the limit of memory or the disk's refusal
    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (DuckDBException error)
        {
            throw Failed(error);
        }
    }

    private InvalidInputException Failed(Exception error) => new($"{folder.FullName}: sorting fingerprints failed ({ErrorText.FirstLine(error).TrimEnd('.')}); "
        + "give more memory (--memory) or a larger disk (--scratch).", error);

    private static UInt128 Same(RowPrint print) => ImageFingerprint.Digest(SHA256.HashData([
        .. BitConverter.GetBytes(print.ImageCount),
        .. print.Images.SelectMany(image => (byte[])[.. BitConverter.GetBytes(High(image.Pixels)), .. BitConverter.GetBytes(Low(image.Pixels))])]));

    private static ulong High(UInt128 value) => (ulong)(value >> 64);

    private static ulong Low(UInt128 value) => (ulong)value;

    private static UInt128 Whole(DuckDBDataReader reader, int column) => new(reader.GetFieldValue<ulong>(column), reader.GetFieldValue<ulong>(column + 1));
}
