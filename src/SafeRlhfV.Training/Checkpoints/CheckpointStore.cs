using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>
/// The checkpoints of one run. Each is a folder that is written aside, described by a manifest, flushed and renamed: a kill or a power cut at any moment leaves
/// the ones before it as they were, and never a half one under its final name.
/// </summary>
internal sealed class CheckpointStore
{
    private const string Prefix = "step-", Partial = ".partial";
    private readonly string folder;

    public CheckpointStore(string folder) => this.folder = folder;

    /// <summary>Steps that have a checkpoint, newest first, sound or not.</summary>
    public IReadOnlyList<long> Steps => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateDirectories(folder, Prefix + "*").Select(path => StepOf(Path.GetFileName(path))).OfType<long>().OrderDescending()];

    public string FolderOf(long step) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D8}"));

    /// <summary>What is wrong with a checkpoint; null if it is sound.</summary>
    public string? FindDamage(long step) => CheckpointManifest.FindDamage(FolderOf(step), step);

    /// <summary>The state in the newest checkpoint whose state file is sound; its other files are not looked at. Null where there is none.</summary>
    public CheckpointState? NewestState() => Steps
        .Where(step => Directory.Exists(FolderOf(step)) && CheckpointManifest.FindDamage(FolderOf(step), step, only: CheckpointState.FileName) is null)
        .Select(step => CheckpointState.TryRead(FolderOf(step))).FirstOrDefault(state => state is not null);

    /// <summary>Removes what a kill left aside.</summary>
    public void RemoveLeftovers()
    {
        if (!Directory.Exists(folder)) return;
        AtomicFolder.RemoveLeftovers(folder);
        foreach (string path in Directory.EnumerateDirectories(folder, "*" + Partial)) Directory.Delete(path, recursive: true);
    }

    /// <summary>Writes a checkpoint; one of the same step is replaced.</summary>
    /// <exception cref="InvalidInputException">The disk is full or refuses; the old content is kept.</exception>
    public void Write(long step, Action<string> fill) => WriteFolder(FolderOf(step), aside =>
    {
        fill(aside);
        CheckpointManifest.Write(aside, step);
    }, () => Steps.FirstOrDefault(one => FindDamage(one) is null) is > 0 and long last
        ? $"the last good checkpoint is that of step {last}"
        : "there is no checkpoint yet");

    /// <summary>Writes a folder of a run.</summary>
    /// <exception cref="InvalidInputException">The disk is full or refuses; the old content is kept.</exception>
    public static void WriteFolder(string target, Action<string> fill, Func<string> left)
    {
        try
        {
            AtomicFolder.Write(target, overwrite: true, fill);
        }
        catch (InvalidInputException error)
        {
            string reason = error.InnerException is IOException or UnauthorizedAccessException ? error.InnerException.Message : error.Message;
            throw new InvalidInputException(
                $"{target}: cannot be written ({reason.TrimEnd('.')}); {left()}. Free some space or mend the permissions, then resume.", error);
        }
    }

    /// <summary>Removes all but the newest few and one to keep.</summary>
    public void Prune(int keepLast, long? best)
    {
        foreach (long step in Steps.Skip(Math.Max(1, keepLast)))
        {
            if (step == best) continue;
            // renamed first: a kill in the middle of the deletion must not leave a half folder under a checkpoint's name
            string doomed = $"{FolderOf(step)}.{Guid.NewGuid():N}{Partial}";
            Directory.Move(FolderOf(step), doomed);
            Remove(doomed);
        }
    }

    private static void Remove(string path)
    {
        try
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // it lies aside under a name that says so, and the next run removes it
        }
    }

    private static long? StepOf(string name) =>
        long.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out long step) ? step : null;
}
