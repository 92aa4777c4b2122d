namespace SafeRlhfV.Core;

/// <summary>A folder that is written aside and takes its name only when it is whole. Disposing it uncommitted removes what was written.</summary>
public sealed class StagedFolder : IDisposable
{
    private readonly bool overwrite;
    private bool committed;

    private StagedFolder(string target, string staging, bool overwrite) => (Target, Path, this.overwrite) = (target, staging, overwrite);

    /// <summary>The name that the folder will have.</summary>
    public string Target { get; }

    /// <summary>Where it is written.</summary>
    public string Path { get; }

    /// <summary>Makes the folder aside, next to its target.</summary>
    /// <param name="target">The final folder; it must not exist, or be empty, unless <paramref name="overwrite"/> is set.</param>
    /// <param name="overwrite">Replace what is there (only when the new folder is whole).</param>
    /// <exception cref="InvalidInputException">The target is taken, or nothing can be written there.</exception>
    public static StagedFolder Create(string target, bool overwrite = false)
    {
        Check(target, overwrite);
        string full = Full(target);
        return Guard(target, () =>
        {
            string parent = System.IO.Path.GetDirectoryName(full) ?? throw new InvalidInputException($"{target}: not a folder that can be written.");
            string staging = System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(full)}.{Guid.NewGuid():N}.partial");
            Directory.CreateDirectory(staging);
            return new StagedFolder(full, staging, overwrite);
        });
    }

    /// <summary>Whether a folder may be written, asked before long work is done for it.</summary>
    /// <param name="target">The final folder; it must not exist, or be empty, unless <paramref name="overwrite"/> is set.</param>
    /// <param name="overwrite">Whether what is there may be replaced.</param>
    /// <param name="source">What is read to write it, a folder or a file: it must neither be, nor hold, nor lie in the target, since it is never changed; null where nothing is.</param>
    /// <exception cref="InvalidInputException">The target is taken, or the source's own.</exception>
    public static void Check(string target, bool overwrite, string? source = null)
    {
        if (string.IsNullOrWhiteSpace(target)) throw new InvalidInputException("the name of the folder to write is empty; name a folder that is new or empty.");
        string full = Full(target);
        if (File.Exists(full)) throw new InvalidInputException($"{target}: a file of this name exists; choose another folder.");
        for (string? above = System.IO.Path.GetDirectoryName(full); above is not null; above = System.IO.Path.GetDirectoryName(above))
            if (File.Exists(above)) throw new InvalidInputException($"{target}: cannot be written ({above} is a file); choose another folder.");
        if (source is not null)
        {
            string read = Full(source);
            if (full == read || Below(full, read)) throw new InvalidInputException($"{target}: lies in {source}, which is read and never changed; choose another folder.");
            if (overwrite && Below(read, full)) throw new InvalidInputException($"{target}: holds {source}, which is read, and would be replaced with it; choose another folder.");
        }
        Guard(target, () => overwrite || !Directory.Exists(full) || !Directory.EnumerateFileSystemEntries(full).Any()
            ? true
            : throw new InvalidInputException($"{target}: the folder exists and is not empty; choose another one, or overwrite it (--overwrite)."));
    }

    private static bool Below(string path, string folder) => path.StartsWith(System.IO.Path.TrimEndingDirectorySeparator(folder) + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Full(string path) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));

    /// <summary>A path inside the folder being written; its parent folders are made.</summary>
    public string At(params string[] parts)
    {
        string path = System.IO.Path.Combine([Path, .. parts]);
        Guard(Target, () => Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!));
        return path;
    }

    /// <summary>Gives the folder its name.</summary>
    /// <exception cref="InvalidInputException">The folder cannot be renamed.</exception>
    public void Commit()
    {
        Guard(Target, () =>
        {
            string? old = null;
            if (Directory.Exists(Target))
            {
                if (!overwrite || !Directory.EnumerateFileSystemEntries(Target).Any()) Directory.Delete(Target);
                else Directory.Move(Target, old = Path + ".old");
            }
            Directory.Move(Path, Target);
            committed = true;
            if (old is not null) Directory.Delete(old, recursive: true);
            return true;
        });
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (committed) return;
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (IOException)
        {
            // What is left lies aside under a name that says so.
        }
    }

    /// <summary>Runs something that writes; what the disk refuses becomes one clear line.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public static T Guard<T>(string target, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new InvalidInputException($"{target}: cannot be written ({ErrorText.FirstLine(error)}); check the permissions and the free space.", error);
        }
    }
}
