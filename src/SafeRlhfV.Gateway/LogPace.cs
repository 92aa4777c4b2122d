namespace SafeRlhfV.Gateway;

/// <summary>Lets a line of one kind into the log every ten seconds at most.</summary>
internal sealed class LogPace(TimeProvider clock)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> told = [];

    /// <summary>Whether a line of this kind is due; kinds are few, such as the names of upstreams.</summary>
    public bool IsDue(string kind)
    {
        lock (gate)
        {
            if (told.TryGetValue(kind, out long before) && clock.GetElapsedTime(before) < Quiet) return false;
            told[kind] = clock.GetTimestamp();
            return true;
        }
    }
}
