using ParquetSharp;

namespace SafeRlhfV.DataBench;

/// <summary>The peer: all columns of all files, row group by row group, as ParquetSharp itself reads them.</summary>
internal static class RawRead
{
    private const int Batch = 16;

    /// <summary>Every value as a pointer into the page, nothing copied: the least that reading can cost.</summary>
    public static long Pages(IEnumerable<string> files)
    {
        long bytes = 0;
        short[] levels = new short[Batch], repeats = new short[Batch];
        ByteArray[] slices = new ByteArray[Batch];
        long[] longs = new long[Batch];
        Each(files, (group, column) =>
        {
            using ColumnReader reader = group.Column(column);
            long left = group.MetaData.NumRows;
            while (left > 0)
            {
                long values;
                if (reader is ColumnReader<long> numbers) left -= numbers.ReadBatch((int)Math.Min(Batch, left), levels, repeats, longs, out values);
                else
                {
                    left -= ((ColumnReader<ByteArray>)reader).ReadBatch((int)Math.Min(Batch, left), levels, repeats, slices, out values);
                    for (int i = 0; i < values; i++) bytes += slices[i].Length;
                }
            }
        });
        return bytes;
    }

    /// <summary>Every value as a .NET value: what a program gets that calls the package's logical readers.</summary>
    public static long Values(IEnumerable<string> files)
    {
        long bytes = 0;
        Each(files, (group, column) =>
        {
            int rows = (int)group.MetaData.NumRows;
            using ColumnReader reader = group.Column(column);
            using LogicalColumnReader logical = reader.LogicalReader();
            if (logical is LogicalColumnReader<string> texts) bytes += texts.ReadAll(rows).Sum(text => (long)(text?.Length ?? 0));
            else if (logical is LogicalColumnReader<long?> numbers) bytes += 8 * numbers.ReadAll(rows).Length;
            else if (logical is LogicalColumnReader<byte[]> values) bytes += values.ReadAll(rows).Sum(value => value?.LongLength ?? 0);
            else if (logical is LogicalColumnReader<Nested<byte[]>?> nested) bytes += nested.ReadAll(rows).Sum(value => value?.Value?.LongLength ?? 0);
            else if (logical is LogicalColumnReader<Nested<string>?> paths) bytes += paths.ReadAll(rows).Sum(value => (long)(value?.Value?.Length ?? 0));
            else throw new NotSupportedException(logical.GetType().ToString());
        });
        return bytes;
    }

    private static void Each(IEnumerable<string> files, Action<RowGroupReader, int> read)
    {
        foreach (string file in files)
        {
            using ParquetFileReader reader = new(file);
            for (int i = 0; i < reader.FileMetaData.NumRowGroups; i++)
            {
                using RowGroupReader group = reader.RowGroup(i);
                for (int column = 0; column < reader.FileMetaData.NumColumns; column++) read(group, column);
            }
        }
    }
}
