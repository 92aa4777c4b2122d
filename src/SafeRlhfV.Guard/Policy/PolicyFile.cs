namespace SafeRlhfV.Guard;

/// <summary>
/// A policy file that is read again when it changes. A changed file that is empty, cut or has faults leaves the last good policy in force.
/// </summary>
/// <remarks>
/// The file's time and length are looked at when <see cref="Current"/> is asked for, at most once in an interval: this sees replaced files, links and
/// mounts alike, where file watchers miss some. A change is read once it has stood for one interval, or for two seconds, so that a file is not read while it
/// is written.
/// </remarks>
public sealed class PolicyFile
{
    private readonly Lock gate = new();
    private readonly string path;
    private readonly TimeSpan interval;
    private readonly TimeProvider clock;
    private readonly WatchedText file;
    private GuardPolicy current;
    private long looked;

    /// <summary>Reads the file.</summary>
    /// <param name="path">The policy file.</param>
    /// <param name="interval">How often to look for a change, one second by default.</param>
    /// <param name="clock">The clock for the interval.</param>
    /// <exception cref="InvalidInputException">The file cannot be read or has faults.</exception>
    public PolicyFile(string path, TimeSpan? interval = null, TimeProvider? clock = null)
    {
        (this.path, this.interval, this.clock) = (path, interval ?? TimeSpan.FromSeconds(1), clock ?? TimeProvider.System);
        looked = this.clock.GetTimestamp();

        // the beginning of the text in force can be sound YAML with fewer rules
        file = new(path, "policy", "give the path of a policy file", "if the rest was removed on purpose, change the name of the policy too");
        current = PolicyReader.ParseFile(file.InForce, path);
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
                try
                {
                    if (file.FindChange(mustStand: interval != TimeSpan.Zero) is not { } changed) return current;
                    current = PolicyReader.ParseFile(changed, path);
                    file.Accept(changed);
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
}
