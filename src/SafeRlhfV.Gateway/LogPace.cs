namespace SafeRlhfV.Gateway;

/// <summary>Limits how often something of one kind happens, such as a line in the log.</summary>
internal sealed class LogPace(TimeProvider clock, TimeSpan? quiet = null)
{
    private readonly TimeSpan quiet = quiet ?? TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private readonly Dictionary<string, long> told = [];

    /// <summary>Whether one of this kind may happen now; kinds are few, such as the names of upstreams.</summary>
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
