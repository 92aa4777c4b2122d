using System.Text.Json;

namespace SafeRlhfV.Core;

/// <summary>
/// Which stages of a folder are finished, from which inputs, and how long they took: stages.json. While it is open no other process can work in the folder.
/// </summary>
public sealed class StageRecord : IDisposable
{
    private const string FileName = "stages.json", LockName = "stages.lock";

    private static readonly JsonSerializerOptions Form = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly string root;
    private readonly Contents contents;
    private readonly FileStream hold;

    private StageRecord(string root, Contents contents, FileStream hold) => (this.root, this.contents, this.hold) = (root, contents, hold);

    /// <summary>Whether a folder has a record.</summary>
    public static bool IsIn(string root) => File.Exists(Path.Combine(root, FileName));

    /// <summary>Opens the record of a folder, or begins one.</summary>
    /// <param name="root">The folder of the work.</param>
    /// <param name="settings">What must be the same for the whole folder; other settings need another folder.</param>
    /// <param name="again">What to do instead, for the message: choose another folder, or start over.</param>
    /// <exception cref="InvalidInputException">The folder is of other settings, holds something else, cannot be written or is in use.</exception>
    public static StageRecord Open(string root, string settings, string again)
    {
        FileStream? hold = null;
        try
        {
            bool isNew = !IsIn(root);
            if (isNew && Directory.Exists(root) && Directory.EnumerateFileSystemEntries(root).Any(entry => Path.GetFileName(entry) != LockName))
                throw new InvalidInputException($"{root}: there is something else in it; choose a new or empty folder with --out.");
            Directory.CreateDirectory(root);
            hold = Hold(root);
            Contents contents = isNew ? new Contents { Settings = settings }
                : JsonSerializer.Deserialize<Contents>(File.ReadAllText(Path.Combine(root, FileName)), Form) ?? throw new JsonException("It is empty.");
            if (contents.Settings != settings)
                throw new InvalidInputException($"{root}: it holds a run of other settings or of another version; {again}.");
            StageRecord record = new(root, contents, hold);
            if (isNew) record.Save();
            hold = null;
            return record;
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{Path.Combine(root, FileName)}: it is damaged; {again}.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{root}: cannot be written ({error.Message}); choose another folder with --out.", error);
        }
        finally
        {
            hold?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => hold.Dispose();

    /// <summary>Seconds of a stage that is finished and whose files are there; null where it has to be run.</summary>
    internal double? Seconds(Stage stage, string print) =>
        !stage.IsAlwaysRun && IsOf(stage, print) && contents.Finished.TryGetValue(stage.Name, out double seconds) && stage.Makes.All(Path.Exists)
            ? seconds : null;

    /// <summary>Notes that a stage begins. What it left from other inputs is deleted first.</summary>
    /// <returns>Whether the stage was begun from the same inputs, so that it may continue.</returns>
    internal bool Begin(Stage stage, string print)
    {
        bool resumes = IsOf(stage, print) && !contents.Finished.ContainsKey(stage.Name);
        if (resumes) return true;
        // forgotten before anything is deleted: a kill in between must not leave half of it as a finished stage
        Forget([stage.Name]);
        foreach (string made in stage.Makes) Delete(made);
        contents.Prints[stage.Name] = print;
        Save();
        return false;
    }

    /// <summary>Notes a finished stage.</summary>
    internal void Finish(Stage stage, double seconds)
    {
        contents.Finished[stage.Name] = Math.Round(seconds, 2);
        Save();
    }

    /// <summary>Takes stages for not even begun.</summary>
    internal void Forget(IReadOnlyList<string> stages)
    {
        if (stages.Count == 0) return;
        foreach (string stage in stages)
        {
            contents.Finished.Remove(stage);
            contents.Prints.Remove(stage);
        }
        Save();
    }

    private bool IsOf(Stage stage, string print) => contents.Prints.TryGetValue(stage.Name, out string? known) && known == print;

    private void Delete(string path)
    {
        string full = Path.GetFullPath(path);
        if (!full.StartsWith(Path.GetFullPath(root) + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InvalidOperationException($"{path} does not lie in {root}; a stage may only replace what is in its own folder.");
        if (Directory.Exists(full)) Directory.Delete(full, recursive: true);
        else if (File.Exists(full)) File.Delete(full);
    }

    private void Save() => AtomicFile.Write(Path.Combine(root, FileName), JsonSerializer.Serialize(contents, Form) + "\n");

    private static FileStream Hold(string root)
    {
        try
        {
            return new FileStream(Path.Combine(root, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new InvalidInputException($"{root}: another process works in it ({error.Message.TrimEnd('.')}); wait for it, or choose another folder "
                + "with --out.", error);
        }
    }

    private sealed class Contents
    {
        public required string Settings { get; init; }

        /// <summary>Seconds of finished stages.</summary>
        public Dictionary<string, double> Finished { get; init; } = [];

        /// <summary>The inputs of stages that were begun.</summary>
        public Dictionary<string, string> Prints { get; init; } = [];
    }
}
