namespace SafeRlhfV.Guard;

/// <summary>A policy file that is read again when it changes. A changed file with faults leaves the last good policy in force.</summary>
/// <remarks>
/// The file's time and length are looked at when <see cref="Current"/> is asked for, at most once in an interval: this sees replaced files, links and
/// mounts alike, where file watchers miss some.
/// </remarks>
public sealed class PolicyFile
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly TimeSpan interval;
    private readonly TimeProvider clock;
    private GuardPolicy current;
    private (DateTime Written, long Length) seen;
    private long looked;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The policy file.</param>
    /// <param name="interval">How often to look for a change, one second by default.</param>
    /// <param name="clock">The clock for the interval.</param>
    /// <exception cref="InvalidInputException">The file cannot be read or has faults.</exception>
    public PolicyFile(string path, TimeSpan? interval = null, TimeProvider? clock = null)
    {
        (this.path, this.interval, this.clock) = (path, interval ?? TimeSpan.FromSeconds(1), clock ?? TimeProvider.System);
        seen = Look();
        looked = this.clock.GetTimestamp();
        current = PolicyReader.Load(path);
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
                if (now == seen) return current;
                try
                {
                    current = PolicyReader.Load(path);
                    LastFault = null;
                }
                catch (InvalidInputException error)
                {
                    LastFault = error.Message;
                }
                seen = now;
            }
            Changed?.Invoke(this);
            return current;
        }
    }

    private (DateTime, long) Look()
    {
        // The link's target, not the link: mounted configurations swap what a link points at.
        FileInfo file = new(path);
        if (file.LinkTarget is not null && file.ResolveLinkTarget(true) is FileInfo target) file = target;
        return file.Exists ? (file.LastWriteTimeUtc, file.Length) : default;
    }
}
