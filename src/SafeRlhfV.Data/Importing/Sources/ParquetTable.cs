using Apache.Arrow.Ipc;
using ParquetSharp;
using ParquetSharp.Arrow;

namespace SafeRlhfV.Data;

/// <summary>The rows of a Parquet file of any columns, a small batch at a time.</summary>
internal static class ParquetTable
{
    private const int BatchRows = 32;

    /// <summary>The columns' names, without reading a row.</summary>
    /// <exception cref="InvalidInputException">Not Parquet, or damaged.</exception>
    public static IReadOnlyList<string> Columns(string file)
    {
        using ParquetFileReader reader = ParquetFile.Open(file);
        return [.. ParquetFile.Fields(reader).Keys];
    }

    /// <summary>The rows in order.</summary>
    /// <param name="file">The file.</param>
    /// <param name="only">The columns to read; null for all.</param>
    /// <exception cref="InvalidInputException">Not Parquet, encrypted or damaged; the message names the file.</exception>
    public static IEnumerable<SourceRow> Read(string file, IReadOnlyCollection<string>? only = null)
    {
        int[]? leaves = null;
        using (ParquetFileReader check = ParquetFile.Open(file))
        {
            if (check.FileMetaData.NumRows == 0) yield break;
            SchemaDescriptor schema = check.FileMetaData.Schema;
            if (only is not null) leaves = [.. Enumerable.Range(0, schema.NumColumns).Where(leaf => only.Contains(schema.Column(leaf).Path.ToDotVector()[0]))];
        }
        using ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnableBufferedStream();
        properties.EnablePageChecksumVerification();
        using ArrowReaderProperties arrow = ArrowReaderProperties.GetDefault();
        (arrow.BatchSize, arrow.PreBuffer, arrow.UseThreads) = (BatchRows, false, false);
        using FileReader reader = Guard(file, 0, () => new FileReader(file, properties, arrow));
        using IArrowArrayStream batches = Guard(file, 0, () => reader.GetRecordBatchReader(columns: leaves));
        long row = 0;
        while (Guard(file, row, () => TaskResult.Of(batches.ReadNextRecordBatchAsync())) is { } batch)
        {
            using (batch)
                foreach (SourceMap map in ArrowValues.Rows(batch))
                    yield return new SourceRow(row++, map);
        }
    }

    private static T Guard<T>(string file, long row, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (ParquetFile.IsParquetError(error) || error is InvalidDataException or IOException or NotSupportedException)
        {
            string what = error.Message.Contains("crypt", StringComparison.OrdinalIgnoreCase)
                ? "columns are encrypted; decrypt them"
                : "the file is damaged or of an unknown form; fetch or write it again";
            Finding finding = new(Fault.CorruptPage, FindingSeverity.Error, file, null, [], $"near row {row}: {what} ({ParquetFile.FirstLine(error)}).");
            throw new InvalidInputException(finding, error);
        }
    }
}
