namespace SafeRlhfV.Audit;

/// <summary>Makes files that only their owner may read: trails, keys and exports.</summary>
public static class PrivateFile
{
    /// <summary>Makes a file, or empties it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Whether one that is there is emptied, or an error.</param>
    public static FileStream Create(string path, FileMode mode = FileMode.Create)
    {
        FileStreamOptions options = new() { Mode = mode, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new(path, options);
    }
}
