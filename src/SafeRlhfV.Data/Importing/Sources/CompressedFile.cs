using ICSharpCode.SharpZipLib;
using ICSharpCode.SharpZipLib.GZip;

namespace SafeRlhfV.Data;

/// <summary>
/// Opens files that may be compressed; the first bytes tell, not the name. All members of a gzip file and all frames of a zstd file are read.
/// </summary>
internal static class CompressedFile
{
    /// <summary>The file's contents as a stream.</summary>
    /// <exception cref="InvalidInputException">The file cannot be opened.</exception>
    public static Stream Open(string file)
    {
        FileStream stream;
        try
        {
            stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(file, $"the file cannot be opened ({ParquetFile.FirstLine(error)}).", error);
        }
        Span<byte> magic = stackalloc byte[4];
        int read = stream.ReadAtLeast(magic, 4, throwOnEndOfStream: false);
        stream.Position = 0;
        if (read >= 2 && magic[0] == 0x1f && magic[1] == 0x8b)
            return new GZipInputStream(stream); // the runtime's own takes a file that is cut off for one that ends there
        if (read == 4 && magic.SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd])) return new ZstdSharp.DecompressionStream(stream, leaveOpen: false);
        return stream;
    }

    /// <summary>Whether an error means that the file's contents are cut off or damaged; the libraries that unpack throw the latter ones too.</summary>
    public static bool IsDamage(Exception error) =>
        error is InvalidDataException or IOException or UnauthorizedAccessException or SharpZipBaseException or ZstdSharp.ZstdException
            or FormatException or IndexOutOfRangeException or ArgumentException;

    /// <summary>The error of a file that is cut off or damaged.</summary>
    public static InvalidInputException Damaged(string file, Exception error) =>
        Unreadable(file, $"the file is cut off, damaged or of another form ({ParquetFile.FirstLine(error)}); fetch or write it again.", error);

    private static InvalidInputException Unreadable(string file, string what, Exception error) =>
        new(new Finding(Fault.Unreadable, FindingSeverity.Error, file, null, [], what), error);

    /// <summary>The file's name without what says that it is compressed.</summary>
    public static string PlainName(string file)
    {
        string name = Path.GetFileName(file);
        return Path.GetExtension(name).ToLowerInvariant() is ".gz" or ".zst" or ".zstd" ? Path.GetFileNameWithoutExtension(name) : name;
    }
}
