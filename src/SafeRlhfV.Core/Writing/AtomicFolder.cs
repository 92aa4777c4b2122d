using SystemPath = System.IO.Path;

namespace SafeRlhfV.Core;

/// <summary>
/// A folder that is written beside its name and takes the name when it is whole. A reader, a kill or a power cut finds the old folder or the new one: all files
/// are flushed to the disk, then the folder is renamed (on Linux in exchange for the old one, in one step), then the folder above is flushed. Without
/// <see cref="Commit"/>, disposing of it removes what was written.
/// </summary>
public sealed class AtomicFolder : IDisposable
{
    private const string Partial = ".partial", Old = ".old", Lock = ".lock";

    private readonly FileStream held;
    private readonly string stem;

    private AtomicFolder(string target, string stem, FileStream held) => (Target, this.stem, this.held) = (target, stem, held);

    /// <summary>The name that the folder will have.</summary>
    public string Target { get; }

    /// <summary>Where it is written.</summary>
    public string Path => stem + Partial;

    /// <summary>Begins a folder, next to its target. What a killed process left of the same folder is removed.</summary>
    /// <param name="target">The final folder; it must not exist, or be empty, unless <paramref name="overwrite"/> is set.</param>
    /// <param name="overwrite">Replace what is there (only when the new folder is whole).</param>
    /// <exception cref="InvalidInputException">The target is taken, or nothing can be written there.</exception>
    public static AtomicFolder Create(string target, bool overwrite = false)
    {
        Check(target, overwrite);
        string full = Full(target);
        return DiskErrors.Writing(target, () =>
        {
            string parent = SystemPath.GetDirectoryName(full) ?? throw new InvalidInputException($"{target}: not a folder that can be written.");
            Directory.CreateDirectory(parent);
            RemoveLeftovers(parent, SystemPath.GetFileName(full));
            string stem = SystemPath.Combine(parent, $".{SystemPath.GetFileName(full)}.{Guid.NewGuid():N}");
            // the lock tells a folder that is being written from one that a kill left
            FileStream held = Leftovers.Begin(stem + Lock);
            AtomicFolder folder = new(full, stem, held);
            try
            {
                Directory.CreateDirectory(folder.Path);
                return folder;
            }
            catch
            {
                folder.Dispose();
                throw;
            }
        });
    }

    /// <summary>Writes a whole folder.</summary>
    /// <param name="target">The final folder.</param>
    /// <param name="overwrite">Whether what is there may be replaced.</param>
    /// <param name="fill">Writes the contents into the folder that it is given.</param>
    /// <exception cref="InvalidInputException">The target is taken, or the disk refuses; the old content is kept.</exception>
    public static void Write(string target, bool overwrite, Action<string> fill)
    {
        using AtomicFolder folder = Create(target, overwrite);
        DiskErrors.Writing(target, () => fill(folder.Path), folder.Path);
        folder.Commit();
    }

    /// <summary>Whether a folder may be written, asked before long work is done for it.</summary>
    /// <param name="target">The final folder; it must not exist, or be empty, unless <paramref name="overwrite"/> is set.</param>
    /// <param name="overwrite">Whether what is there may be replaced.</param>
    /// <param name="source">What is read to write it, a folder or a file: it must neither be, nor hold, nor lie in the target, since it is never changed; null
    /// where nothing is.</param>
    /// <exception cref="InvalidInputException">The target is taken, or the source's own.</exception>
    public static void Check(string target, bool overwrite, string? source = null)
    {
        if (string.IsNullOrWhiteSpace(target)) throw new InvalidInputException("the name of the folder to write is empty; name a folder that is new or empty.");
        string full = Full(target);
        if (File.Exists(full)) throw new InvalidInputException($"{target}: a file of this name exists; choose another folder.");
        for (string? above = SystemPath.GetDirectoryName(full); above is not null; above = SystemPath.GetDirectoryName(above))
            if (File.Exists(above)) throw new InvalidInputException($"{target}: cannot be written ({above} is a file); choose another folder.");
        if (source is not null)
        {
            string read = Full(source);
            if (full == read || Below(full, read))
                throw new InvalidInputException($"{target}: lies in {source}, which is read and never changed; choose another folder.");
            if (overwrite && Below(read, full))
                throw new InvalidInputException($"{target}: holds {source}, which is read, and would be replaced with it; choose another folder.");
        }
        DiskErrors.Writing(target, () => overwrite || !Directory.Exists(full) || !Directory.EnumerateFileSystemEntries(full).Any()
            ? true
            : throw new InvalidInputException($"{target}: the folder exists and is not empty; choose another one, or overwrite it (--overwrite)."));
    }

    /// <summary>A path inside the folder being written; its parent folders are made.</summary>
    public string At(params string[] parts)
    {
        string path = SystemPath.Combine([Path, .. parts]);
        DiskErrors.Writing(Target, () => Directory.CreateDirectory(SystemPath.GetDirectoryName(path)!), Path);
        return path;
    }

    /// <summary>Gives the folder its name.</summary>
    /// <exception cref="InvalidInputException">The disk refuses; the old content is kept.</exception>
    public void Commit()
    {
        DiskErrors.Writing(Target, () =>
        {
            DurableFiles.FlushTree(Path);
            Crashes.Between();
            if (Directory.Exists(Target) && !Directory.EnumerateFileSystemEntries(Target).Any()) Directory.Delete(Target);
            if (!Directory.Exists(Target)) Directory.Move(Path, Target);
            else if (!DurableFiles.TryExchange(Path, Target)) Replace();
            Crashes.Between();
            DurableFiles.FlushFolder(SystemPath.GetDirectoryName(Target)!);
        }, Path);
        Dispose(); // the old folder goes
    }

    /// <summary>Removes what killed processes left of folders that were being written in a folder; a folder that is missing since then is put back.</summary>
    /// <param name="parent">The folder.</param>
    /// <param name="name">Looks at folders of this name only; null = all.</param>
    public static void RemoveLeftovers(string parent, string? name = null)
    {
        foreach (string file in Directory.EnumerateFiles(parent, ".*" + Lock))
        {
            string stem = file[..^Lock.Length], target = SystemPath.GetFileNameWithoutExtension(stem).TrimStart('.'), full = SystemPath.Combine(parent, target);
            bool isOurs = Guid.TryParseExact(SystemPath.GetExtension(stem).TrimStart('.'), "N", out _) && (name is null || target == name.TrimStart('.'));
            if (!isOurs || !Leftovers.Remove(file)) continue;
            if (Directory.Exists(stem + Old) && !Directory.Exists(full)) Directory.Move(stem + Old, full);
            Leftovers.RemoveFolder(stem + Partial);
            Leftovers.RemoveFolder(stem + Old);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Leftovers.RemoveFolder(Path);
        Leftovers.RemoveFolder(stem + Old);
        held.Dispose();
        if (!Directory.Exists(Path) && !Directory.Exists(stem + Old)) Leftovers.Remove(stem + Lock);
    }

    // where two folders cannot be exchanged in one step, the old one is moved away first; a kill in between is mended by RemoveLeftovers
    private void Replace()
    {
        Directory.Move(Target, stem + Old);
        Crashes.Between();
        try
        {
            Directory.Move(Path, Target);
        }
        catch
        {
            Directory.Move(stem + Old, Target);
            throw;
        }
    }

    private static bool Below(string path, string folder) =>
        path.StartsWith(SystemPath.TrimEndingDirectorySeparator(folder) + SystemPath.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string Full(string path) => SystemPath.TrimEndingDirectorySeparator(SystemPath.GetFullPath(path));
}
