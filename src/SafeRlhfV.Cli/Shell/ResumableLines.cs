using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Cli;

/// <summary>
/// A text file that grows row by row as "FILE.partial" and takes its name when it is whole. A stop, however it comes, leaves the rows that are whole; a later
/// process continues after them if it works under the same settings, which lie beside them in "FILE.partial.settings", and beside the whole file in
/// "FILE.settings".
/// </summary>
internal sealed class ResumableLines : IDisposable
{
    private readonly string file;
    private readonly FileStream stream;
    private bool whole;

    /// <summary>Begins the file, or goes on with what is there.</summary>
    /// <param name="file">The file.</param>
    /// <param name="settings">All that decides its lines.</param>
    /// <param name="linesPerRow">Lines that belong together.</param>
    /// <param name="resume">Go on with the rows that an earlier process left.</param>
    /// <param name="overwrite">Replace a whole file.</param>
    /// <exception cref="InvalidInputException">The file is there already, cannot be written, or was started with other settings.</exception>
    public ResumableLines(string file, string settings, int linesPerRow, bool resume, bool overwrite)
    {
        this.file = file;
        if (Directory.Exists(file)) throw new InvalidInputException($"{file}: is a folder; name a file.");
        if (File.Exists(file) && !overwrite) throw new InvalidInputException($"{file}: already there and whole; choose another name or add --overwrite.");
        if (File.Exists(Partial) && !resume && !overwrite)
            throw new InvalidInputException($"{Partial}: rows of a run that was stopped; go on with --resume, or start over with --overwrite.");
        try
        {
            bool isThere = File.Exists(Partial);
            // held before it is looked at: another process may be writing it
            stream = new FileStream(Partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            if (resume && isThere) Lines = Read(settings, linesPerRow);
            else AtomicFile.Write(Settings, settings);
            stream.SetLength(Lines.Sum(line => Encoding.UTF8.GetByteCount(line) + 1));
            stream.Seek(0, SeekOrigin.End);
            Written = Lines.Count;
        }
        catch (InvalidInputException)
        {
            stream?.Dispose();
            throw;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            stream?.Dispose();
            throw DiskErrors.IsInUse(error)
                ? new InvalidInputException($"{file}: another process is writing it; wait for it to end, or give another --out.", error) : Unwritable(error);
        }
    }

    /// <summary>The lines of whole rows that an earlier process wrote.</summary>
    public IReadOnlyList<string> Lines { get; } = [];

    /// <summary>Lines of whole rows that lie in the file, earlier ones and new ones.</summary>
    public int Written { get; private set; }

    /// <summary>Where the rows lie until the file is whole.</summary>
    public string Partial => $"{file}.partial";

    private string Settings => $"{file}.partial.settings";

    /// <summary>Writes the lines of some rows; they outlive this process from here on.</summary>
    public void Write(IReadOnlyCollection<string> lines)
    {
        try
        {
            stream.Write(Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + "\n"))));
            stream.Flush();
            Written += lines.Count;
        }
        catch (IOException error)
        {
            throw Unwritable(error);
        }
    }

    /// <summary>Gives the file its name.</summary>
    public void Commit()
    {
        try
        {
            stream.Dispose();
            AtomicFile.Publish(Partial, file);
            AtomicFile.Publish(Settings, Kept(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(error);
        }
        whole = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (whole) return;
        bool isEmpty = stream.CanSeek && stream.Length == 0;
        stream.Dispose();
        if (!isEmpty) return;
        File.Delete(Partial);
        File.Delete(Settings);
    }

    /// <summary>Whether the whole file is there, so that nothing is left to do.</summary>
    /// <exception cref="InvalidInputException">It is there, but was made under other settings.</exception>
    public static bool IsWhole(string file, string settings)
    {
        if (!File.Exists(file) || File.Exists($"{file}.partial")) return false;
        if (File.Exists(Kept(file)) && File.ReadAllText(Kept(file)) is var before && before != settings)
            throw new InvalidInputException($"{file}: is whole already, and was made under other settings ({Difference(before, settings)}); "
                + "choose another name, or replace it with --overwrite.");
        return true;
    }

    private static string Kept(string file) => $"{file}.settings";

    private List<string> Read(string settings, int linesPerRow)
    {
        string before = File.Exists(Settings) ? File.ReadAllText(Settings) : "";
        if (before != settings)
            throw new InvalidInputException($"{Partial}: was started with other settings ({Difference(before, settings)}); take the same ones, or start over "
                + "with --overwrite.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        string text = Encoding.UTF8.GetString(bytes);
        // what follows the last line's end was cut by the stop, and so may be the last row's lines
        string[] lines = text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);
        return [.. lines.Take(lines.Length / linesPerRow * linesPerRow)];
    }

    private static string Difference(string before, string now)
    {
        try
        {
            Dictionary<string, string> old = Fields(before), current = Fields(now);
            string[] changed = [.. current.Keys.Union(old.Keys).Where(name => old.GetValueOrDefault(name) != current.GetValueOrDefault(name))];
            return string.Join(", ", changed.Select(name =>
                $"{name}: {old.GetValueOrDefault(name, "none")} then, {current.GetValueOrDefault(name, "none")} now"));
        }
        catch (JsonException)
        {
            return "they cannot be read";
        }
    }

    private static Dictionary<string, string> Fields(string json) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!
        .ToDictionary(pair => pair.Key, pair => pair.Value.ValueKind == JsonValueKind.Null ? "none" : pair.Value.ToString());

    private InvalidInputException Unwritable(Exception error) =>
        new($"{file}: cannot be written ({error.Message}); check the folder, the permissions and the free space.", error);
}
