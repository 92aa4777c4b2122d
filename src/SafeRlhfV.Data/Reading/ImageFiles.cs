namespace SafeRlhfV.Data;

/// <summary>Images that a row names by a path instead of holding their bytes.</summary>
internal static class ImageFiles
{
    private const long LargestFile = 256L << 20;

    /// <summary>
    /// The bytes of a file named by a Parquet row: only inside the Parquet file's folder, since such files come from strangers. Null where there is none.
    /// </summary>
    public static byte[]? TryReadBeside(string parquet, string? path)
    {
        if (string.IsNullOrWhiteSpace(path) || path.Contains('\0') || Path.IsPathRooted(path)) return null;
        string folder = Path.GetDirectoryName(Path.GetFullPath(parquet))!, full = Path.GetFullPath(Path.Combine(folder, path));
        return full.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? TryRead(full) : null;
    }

    /// <summary>The bytes of a file named by a JSONL row, relative to the JSONL file or absolute. Null where there is none.</summary>
    public static byte[]? TryReadNamed(string jsonl, string path) =>
        string.IsNullOrWhiteSpace(path) || path.Contains('\0')
            ? null
            : TryRead(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Path.GetFullPath(jsonl))!, path)));

    private static byte[]? TryRead(string full)
    {
        try
        {
            FileInfo info = new(full);
            return info.Exists && info.Length <= LargestFile ? File.ReadAllBytes(full) : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
