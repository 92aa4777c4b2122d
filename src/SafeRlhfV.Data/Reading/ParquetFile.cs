using ParquetSharp;
using ParquetSharp.Schema;

namespace SafeRlhfV.Data;

/// <summary>Opens Parquet files whose size, magic and footer were checked first, so that a damaged header is never believed.</summary>
internal static class ParquetFile
{
    private const int Magic = 0x31524150, EncryptedMagic = 0x45524150; // "PAR1", "PARE"
    private const int SmallestFile = 12;
    private const byte FooterStart = 0x15; // Thrift: field 1 (version), i32

    /// <summary>Opens the file for reading in pages: a row group is never held as a whole.</summary>
    public static ParquetFileReader Open(string file)
    {
        CheckEnds(file);
        using ReaderProperties properties = ReaderProperties.GetDefaultReaderProperties();
        properties.EnableBufferedStream();
        properties.BufferSize = 1 << 16;
        properties.EnablePageChecksumVerification();
        try
        {
            ParquetFileReader reader = new(file, properties);
            try
            {
                _ = reader.FileMetaData.NumRows;
                return reader;
            }
            catch
            {
                reader.Dispose();
                throw;
            }
        }
        catch (Exception error) when (IsParquetError(error))
        {
            throw new InvalidInputException(new Finding(Fault.CorruptFooter, FindingSeverity.Error, file, null, [],
                $"the footer cannot be read ({FirstLine(error)}); fetch the file again."), error);
        }
    }

    /// <summary>Whether the native reader threw because of the file's contents.</summary>
    public static bool IsParquetError(Exception error) =>
        error is ParquetException or OverflowException or ArgumentException or IndexOutOfRangeException or OutOfMemoryException;

    /// <summary>What a native error says, on one line.</summary>
    public static string FirstLine(Exception error)
    {
        string message = error.Message.ReplaceLineEndings(" ").Trim();
        // the native library names its exception class first: N7parquet...E (message: '...')
        if (error is ParquetException && message.IndexOf("(message: '", StringComparison.Ordinal) is var at and >= 0)
            message = message[(at + "(message: '".Length)..].TrimEnd('\'', ')').Replace("IOError: ", "", StringComparison.Ordinal)
                .Replace("System.IO.IOException: ", "", StringComparison.Ordinal);
        return ErrorText.Cut(message);
    }

    /// <summary>The top-level fields of a file by name.</summary>
    public static Dictionary<string, Node> Fields(ParquetFileReader reader)
    {
        Dictionary<string, Node> fields = new(StringComparer.Ordinal);
        foreach (Node field in reader.FileMetaData.Schema.GroupNode.Fields) fields.TryAdd(field.Name, field);
        return fields;
    }

    private static void CheckEnds(string file)
    {
        Span<byte> head = stackalloc byte[4], tail = stackalloc byte[8];
        long length;
        bool footerFound = false;
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            length = stream.Length;
            if (length >= SmallestFile)
            {
                stream.ReadExactly(head);
                stream.Seek(-8, SeekOrigin.End);
                stream.ReadExactly(tail);
                uint claimed = BitConverter.ToUInt32(tail);
                if (claimed <= length - SmallestFile)
                {
                    stream.Seek(-8 - claimed, SeekOrigin.End);
                    footerFound = stream.ReadByte() == FooterStart;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new InvalidInputException(new Finding(Fault.Unreadable, FindingSeverity.Error, file, null, [],
                $"the file cannot be opened ({FirstLine(error)})."), error);
        }
        if (length < SmallestFile) throw Broken(file, Fault.NotParquet, $"not a Parquet file ({length} bytes)");
        int first = BitConverter.ToInt32(head), last = BitConverter.ToInt32(tail[4..]);
        if (last == EncryptedMagic) throw Broken(file, Fault.NotParquet, "an encrypted Parquet file, which cannot be read; decrypt it");
        if (first == Magic && last != Magic && !footerFound)
            throw Broken(file, Fault.TruncatedFile, "the file is cut off before its footer (it does not end in PAR1)");
        if (first != Magic || last != Magic) throw Broken(file, Fault.NotParquet, "not a Parquet file (it does not begin and end with PAR1)");
        uint footer = BitConverter.ToUInt32(tail);
        if (footer > length - SmallestFile)
            throw Broken(file, Fault.TruncatedFile, $"the footer claims {footer} bytes of a file of {length}, so the file is cut off or damaged");
    }

    private static InvalidInputException Broken(string file, string code, string what) =>
        new(new Finding(code, FindingSeverity.Error, file, null, [], $"{what}; fetch the file again."));
}
