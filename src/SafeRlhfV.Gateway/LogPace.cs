namespace SafeRlhfV.Gateway;

/// <summary>Lets something of one kind, such as a line of the log, happen once in a while at most.</summary>
internal sealed class LogPace(TimeProvider clock, TimeSpan? quiet = null)
{
    private readonly TimeSpan quiet = quiet ?? TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> told = [];

    /// <summary>Whether one of this kind is due now; kinds are few, such as the names of upstreams.</summary>
    public bool IsDue(string kind)
    {
        lock (gate)
        {
            if (told.TryGetValue(kind, out long before) && clock.GetElapsedTime(before) < quiet) return false;
            told[kind] = clock.GetTimestamp();
            return true;
        }
    }
}
