using Apache.Arrow.Ipc;

namespace SafeRlhfV.Data;

/// <summary>The rows of an Arrow file, in the stream form that <c>save_to_disk</c> writes or in the file form.</summary>
internal static class ArrowTable
{
    /// <summary>The columns' names.</summary>
    /// <exception cref="InvalidInputException">Not Arrow, or damaged.</exception>
    public static IReadOnlyList<string> Columns(string file)
    {
        using ArrowStreamReader reader = Open(file);
        return Guard(file, () => reader.Schema.FieldsList.Select(field => field.Name).ToArray());
    }

    /// <summary>The rows in order.</summary>
    /// <exception cref="InvalidInputException">Not Arrow, or damaged.</exception>
    public static IEnumerable<SourceRow> Read(string file)
    {
        using ArrowStreamReader reader = Open(file);
        long row = 0;
        while (Guard(file, reader.ReadNextRecordBatch) is { } batch)
        {
            using (batch)
            using (IEnumerator<SourceMap> rows = ArrowValues.Rows(batch).GetEnumerator())
                while (Guard(file, rows.MoveNext))
                    yield return new SourceRow(row++, rows.Current);
        }
    }

    private static ArrowStreamReader Open(string file)
    {
        Stream stream = CompressedFile.Open(file);
        try
        {
            Span<byte> magic = stackalloc byte[6];
            int read = stream.ReadAtLeast(magic, 6, throwOnEndOfStream: false);
            stream.Position = 0;
            return read == 6 && magic.SequenceEqual("ARROW1"u8) ? new ArrowFileReader(stream) : new ArrowStreamReader(stream);
        }
        catch (Exception error) when (IsDamage(error))
        {
            stream.Dispose();
            throw CompressedFile.Damaged(file, error);
        }
    }

    private static T Guard<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (IsDamage(error))
        {
            throw CompressedFile.Damaged(file, error);
        }
    }

    private static bool IsDamage(Exception error) =>
        CompressedFile.IsDamage(error)
        || error is InvalidOperationException or NotSupportedException or NotImplementedException or OverflowException or NullReferenceException
            or OutOfMemoryException;
}
