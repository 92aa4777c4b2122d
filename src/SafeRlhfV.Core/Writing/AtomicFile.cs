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
    /// Begins a file in place of one that may be there. Folders above it are made. What a killed process left of the same file is overwritten.
    /// </summary>
    /// <exception cref="InvalidInputException">The name is empty or a folder's, or the disk refuses.</exception>
    public static AtomicFile Create(string path)
    {
        if (string.IsNullOrWhiteSpace(path)) throw new InvalidInputException("the name of the file to write is empty; name a file.");
        if (Directory.Exists(path)) throw new InvalidInputException($"{path}: is a folder; name a file.");
        string full = Path.GetFullPath(path), folder = Path.GetDirectoryName(full)!, aside = Path.Combine(folder, $".{Path.GetFileName(full)}.partial");
        return DiskErrors.Writing(path, () =>
        {
            Directory.CreateDirectory(folder);
            // another process, or another thread, may be writing the same file
            if (!Leftovers.Remove(aside)) aside = Path.Combine(folder, $".{Path.GetFileName(full)}.{Guid.NewGuid():N}.partial");
            return new AtomicFile(path, aside, new FileStream(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16));
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
}
