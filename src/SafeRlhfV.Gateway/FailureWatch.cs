namespace SafeRlhfV.Gateway;

/// <summary>Knows whether something fails, and when an operator is to hear of it: at once, then every ten seconds at most, and when it works again.</summary>
/// <param name="clock">The clock.</param>
internal sealed class FailureWatch(TimeProvider clock)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private long? told;
    private volatile bool isFailing;

    /// <summary>Whether it failed the last time.</summary>
    public bool IsFailing => isFailing;

    /// <summary>Notes a failure. True where the operator is to be told of it.</summary>
    public bool Failed()
    {
        lock (gate)
        {
            isFailing = true;
            if (told is { } before && clock.GetElapsedTime(before) < Quiet) return false;
            told = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>Notes a success. True where it failed before, so that the operator is to be told.</summary>
    public bool Worked()
    {
        if (!isFailing) return false;
        lock (gate)
        {
            bool failed = isFailing;
            (isFailing, told) = (false, null);
            return failed;
        }
    }
}
