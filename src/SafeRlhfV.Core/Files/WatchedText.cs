namespace SafeRlhfV.Core;

/// <summary>
/// The text of a settings file that is looked at again and again. A change counts once it has stood from one look to the next, or for two seconds by the
/// file's own time, so that a file is not read while it is written; a file that is only the beginning of the text in force, as a copy that broke off leaves
/// it, is refused.
/// </summary>
/// <remarks>Time and length of the file are looked at: this sees replaced files, links and mounts alike, where file watchers miss some.</remarks>
public sealed class WatchedText
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    private readonly string path, what, need, cut;
    private (DateTime Written, long Length) read, seen;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What it holds, such as "policy".</param>
    /// <param name="need">What to do where it cannot be read, such as "give the path of a policy file".</param>
    /// <param name="cut">What to do where the rest was removed on purpose.</param>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public WatchedText(string path, string what, string need, string cut)
    {
        (this.path, this.what, this.need, this.cut) = (path, what, need, cut);
        read = seen = Look();
        InForce = Read();
    }

    /// <summary>The text in force.</summary>
    public string InForce { get; private set; }

    /// <summary>The changed text, once; null where nothing has changed, or a change has not stood yet. It is in force after <see cref="Accept"/>.</summary>
    /// <param name="mustStand">Whether a change must be seen twice, or be old.</param>
    /// <exception cref="InvalidInputException">The changed file cannot be read, or is cut.</exception>
    public string? FindChange(bool mustStand = true)
    {
        (DateTime, long) now = Look();
        bool isStill = now == seen || !mustStand || HasSettled(now);
        seen = now;
        if (now == read || !isStill) return null;
        read = now;
        string changed = Read(), kept = changed.TrimEnd();
        if (kept.Length > 0 && kept.Length < InForce.TrimEnd().Length && InForce.StartsWith(kept, StringComparison.Ordinal))
            throw new InvalidInputException($"{path}: the file is the beginning of the {what} in force, as if it had been cut; {cut}.");
        return changed;
    }

    /// <summary>Puts a changed text in force.</summary>
    public void Accept(string changed) => InForce = changed;

    // Where nobody has looked for long, what comes next must not find the text from before.
    private static bool HasSettled((DateTime Written, long) now) => now != default && DateTime.UtcNow - now.Written >= Settled;

    private string Read() => DiskErrors.Reading(path, () => File.ReadAllText(path), need);

    private (DateTime, long) Look()
    {
        // The link's target, not the link: mounted configurations swap what a link points at.
        FileInfo file = new(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(true) is FileInfo target) file = target;
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
