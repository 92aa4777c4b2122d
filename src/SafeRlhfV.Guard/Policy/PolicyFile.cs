namespace SafeRlhfV.Guard;

/// <summary>
/// A policy file that is read again when it changes. A changed file that is empty, cut or has faults leaves the last good policy in force.
/// </summary>
/// <remarks>
/// The file's time and length are looked at when <see cref="Current"/> is asked for, at most once in an interval: this sees replaced files, links and
/// mounts alike, where file watchers miss some. A change is read once it has stood for one interval, so that a file is not read while it is written.
/// </remarks>
public sealed class PolicyFile
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly TimeSpan interval;
    private readonly TimeProvider clock;
    private GuardPolicy current;
    private string text;
    private (DateTime Written, long Length) read, seen;
    private long looked;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The policy file.</param>
    /// <param name="interval">How often to look for a change, one second by default.</param>
    /// <param name="clock">The clock for the interval.</param>
    /// <exception cref="InvalidInputException">The file cannot be read or has faults.</exception>
    public PolicyFile(string path, TimeSpan? interval = null, TimeProvider? clock = null)
    {
        (this.path, this.interval, this.clock) = (path, interval ?? TimeSpan.FromSeconds(1), clock ?? TimeProvider.System);
        read = seen = Look();
        looked = this.clock.GetTimestamp();
        text = PolicyReader.ReadText(path);
        current = PolicyReader.ParseFile(text, path);
    }

    /// <summary>Raised after a change was read, or could not be (then <see cref="LastFault"/> says why).</summary>
    public event Action<PolicyFile>? Changed;

    /// <summary>Why the last change was not taken over; null where all is well.</summary>
    public string? LastFault { get; private set; }

    /// <summary>The policy in force.</summary>
    public GuardPolicy Current
    {
        get
        {
            lock (gate)
            {
                if (clock.GetElapsedTime(looked) < interval) return current;
                looked = clock.GetTimestamp();
                (DateTime, long) now = Look();
                bool isStill = now == seen || interval == TimeSpan.Zero;
                seen = now;
                if (now == read || !isStill) return current;
                read = now;
                try
                {
                    TakeOver(PolicyReader.ReadText(path));
                    LastFault = null;
                }
                catch (InvalidInputException error)
                {
                    LastFault = error.Message;
                }
            }
            Changed?.Invoke(this);
            return current;
        }
    }

    // The beginning of the text in force is what a copy that broke off leaves, and can be sound YAML with fewer rules.
    private void TakeOver(string changed)
    {
        string kept = changed.TrimEnd();
        if (kept.Length > 0 && kept.Length < text.TrimEnd().Length && text.StartsWith(kept, StringComparison.Ordinal))
        {
            throw new InvalidInputException($"{path}: the file is the beginning of the policy in force, as if it had been cut; if the rest was removed on "
                + "purpose, change the name of the policy too.");
        }
        current = PolicyReader.ParseFile(changed, path);
        text = changed;
    }

    private (DateTime, long) Look()
    {
        // The link's target, not the link: mounted configurations swap what a link points at.
        FileInfo file = new(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(true) is FileInfo target) file = target;
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
