namespace SafeRlhfV.Data;

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
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
        if (File.Exists(full)) throw new InvalidInputException($"{target}: a file of this name exists; choose another folder.");
        return Guard(target, () =>
        {
            if (!overwrite && Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full).Any())
                throw new InvalidInputException($"{target}: the folder exists and is not empty; choose another one, or overwrite it (--overwrite).");
            string parent = System.IO.Path.GetDirectoryName(full) ?? throw new InvalidInputException($"{target}: not a folder that can be written.");
            string staging = System.IO.Path.Combine(parent, $".{System.IO.Path.GetFileName(full)}.{Guid.NewGuid():N}.partial");
            Directory.CreateDirectory(staging);
            return new StagedFolder(full, staging, overwrite);
        });
    }

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
    internal static T Guard<T>(string target, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ParquetSharp.ParquetException)
        {
            throw new InvalidInputException($"{target}: cannot be written ({ParquetFile.FirstLine(error)}); check the permissions and the free space.", error);
        }
    }
}
