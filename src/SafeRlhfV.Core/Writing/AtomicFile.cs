using System.Text;

namespace SafeRlhfV.Core;

/// <summary>
/// A file that is written beside its name and takes the name when it is whole. A reader, a kill or a power cut finds the old file or the new one: the contents
/// are flushed to the disk, then the file is renamed, then the folder is flushed. Without <see cref="Commit"/>, disposing of it removes what was written.
/// </summary>
public sealed class AtomicFile : IDisposable
{
    private readonly string path, aside;
    private bool committed;

    private AtomicFile(string path, string aside, FileStream stream) => (this.path, this.aside, Stream) = (path, aside, stream);

    /// <summary>Takes the contents.</summary>
    public FileStream Stream { get; }

    /// <summary>
    /// Begins a file in place of one that may be there. Folders above it are made. What a killed process left of the same file is removed.
    /// </summary>
    /// <exception cref="InvalidInputException">The name is empty or a folder's, or the disk refuses.</exception>
    public static AtomicFile Create(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new InvalidInputException("the name of the file to write is empty; name a file.");
        if (Directory.Exists(path)) throw new InvalidInputException($"{path}: is a folder; name a file.");
        string full = Path.GetFullPath(path), folder = Path.GetDirectoryName(full)!, aside = AsideOf(full);
        return DiskErrors.Writing(path, () =>
        {
            Directory.CreateDirectory(folder);
            RemoveLeftovers(full);
            return new AtomicFile(path, aside, Leftovers.Begin(aside));
        }, aside);
    }

    /// <summary>Writes a whole file.</summary>
    /// <exception cref="InvalidInputException">The name is empty or a folder's, or the disk refuses; the old content is kept.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        using AtomicFile file = Create(path);
        DiskErrors.Writing(path, () => write(file.Stream), file.aside);
        file.Commit();
    }

    /// <summary>Writes a whole file.</summary>
    /// <exception cref="InvalidInputException">As <see cref="Write(string, Action{Stream})"/>.</exception>
    public static void Write(string path, byte[] content) => Write(path, stream => stream.Write(content));

    /// <summary>Writes a whole text file in UTF-8.</summary>
    /// <exception cref="InvalidInputException">As <see cref="Write(string, Action{Stream})"/>.</exception>
    public static void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Writes a whole text file in UTF-8 unless its name is taken. Of several writers, in any process, one wins; the file can be read as soon as it is there.
    /// </summary>
    /// <returns>Whether this one won; if not, the file of another stands there.</returns>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public static bool WriteNew(string path, string text)
    {
        string full = Path.GetFullPath(path), folder = Path.GetDirectoryName(full)!;
        // closed, and so not locked, when it takes its name: everybody can read it. Hence no ending by which it would be taken for a leftover
        string aside = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.new");
        return DiskErrors.Writing(path, () =>
        {
            Directory.CreateDirectory(folder);
            try
            {
                using (FileStream stream = new(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
                {
                    stream.Write(Encoding.UTF8.GetBytes(text));
                    stream.Flush(flushToDisk: true);
                }
                if (!DurableFiles.TryName(aside, full)) return false;
                DurableFiles.FlushFolder(folder);
                return true;
            }
            finally
            {
                File.Delete(aside);
            }
        }, aside);
    }

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="InvalidInputException">The disk refuses; the old content is kept.</exception>
    public void Commit() => DiskErrors.Writing(path, () =>
    {
        Stream.Flush(flushToDisk: true);
        Crashes.Between();
        // an open file is locked, so that nobody takes it for a leftover; Windows cannot rename it
        if (OperatingSystem.IsWindows()) Stream.Dispose();
        File.Move(aside, path, overwrite: true);
        committed = true;
        Stream.Dispose();
        Crashes.Between();
        DurableFiles.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }, aside);

    /// <summary>Gives a file that grew beside its name the name, as <see cref="Commit"/> does.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public static void Publish(string grown, string path) => DiskErrors.Writing(path, () =>
    {
        using (FileStream file = new(grown, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) file.Flush(flushToDisk: true);
        File.Move(grown, path, overwrite: true);
        DurableFiles.FlushFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        if (committed) return;
        try
        {
            Stream.Dispose();
        }
        catch (IOException)
        {
            // a full disk: the error that counts was thrown before
        }
        Leftovers.Remove(aside);
    }

    // a name of its own: others may be writing the same file
    private static string AsideOf(string full) => Path.Combine(Path.GetDirectoryName(full)!, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.partial");

    private static void RemoveLeftovers(string full)
    {
        string stem = $".{Path.GetFileName(full)}.";
        foreach (string file in Directory.EnumerateFiles(Path.GetDirectoryName(full)!, $"{stem}*.partial"))
            if (Guid.TryParseExact(Path.GetFileName(file)[stem.Length..^".partial".Length], "N", out _)) Leftovers.Remove(file);
    }
}
