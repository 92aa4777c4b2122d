using ParquetSharp;

namespace SafeRlhfV.Bench;

/// <summary>The peer: all columns of all files, row group by row group, as ParquetSharp itself reads them.</summary>
internal static class RawRead
{
    /// <summary>Every value as a pointer into its page, nothing copied: the least that reading can cost. Gives the number of values.</summary>
    public static long Pages(IEnumerable<string> files) => Each(files, (column, _) => column.Apply(new PageVisitor()));

    /// <summary>Every value as a .NET value: what a program gets that calls the package's logical readers. Gives the number of values.</summary>
    public static long Values(IEnumerable<string> files) => Each(files, (column, rows) =>
    {
        using LogicalColumnReader logical = column.LogicalReader();
        return logical.Apply(new ValueVisitor(rows));
    });

    private static long Each(IEnumerable<string> files, Func<ColumnReader, int, long> read)
    {
        long values = 0;
        foreach (string file in files)
        {
            using ParquetFileReader reader = new(file);
            for (int i = 0; i < reader.FileMetaData.NumRowGroups; i++)
            {
                using RowGroupReader group = reader.RowGroup(i);
                for (int number = 0; number < reader.FileMetaData.NumColumns; number++)
                {
                    using ColumnReader column = group.Column(number);
                    values += read(column, (int)group.MetaData.NumRows);
                }
            }
        }
        return values;
    }

    private sealed class PageVisitor : IColumnReaderVisitor<long>
    {
        private const int Batch = 16;

        public long OnColumnReader<TValue>(ColumnReader<TValue> columnReader) where TValue : unmanaged
        {
            short[] levels = new short[Batch], repeats = new short[Batch];
            TValue[] values = new TValue[Batch];
            long all = 0;
            while (columnReader.HasNext)
            {
                columnReader.ReadBatch(Batch, levels, repeats, values, out long found);
                all += found;
            }
            return all;
        }
    }

    private sealed class ValueVisitor(int rows) : ILogicalColumnReaderVisitor<long>
    {
        public long OnLogicalColumnReader<TValue>(LogicalColumnReader<TValue> columnReader) => columnReader.ReadAll(rows).LongLength;
    }
}
