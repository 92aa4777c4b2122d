namespace SafeRlhfV.Gateway;

/// <summary>The limit of a gateway that stands alone.</summary>
internal sealed class RateMeter(int perMinute, TimeProvider clock) : IRateMeter
{
    private readonly Lock gate = new();
    private double level = perMinute;
    private long at = clock.GetTimestamp();

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> TakeOneAsync()
    {
        lock (gate)
        {
            Fill();
            if (level < 1) return new(Wait(1 - level));
            level--;
            return default;
        }
    }

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> WaitForAnyAsync()
    {
        lock (gate)
        {
            Fill();
            return level > 0 ? default : new(Wait(1 - level));
        }
    }

    /// <inheritdoc/>
    public ValueTask ChargeAsync(long used)
    {
        lock (gate)
        {
            Fill();
            level -= used;
            return default;
        }
    }

    private TimeSpan Wait(double missing) => TimeSpan.FromMinutes(missing / perMinute);

    private void Fill()
    {
        long now = clock.GetTimestamp();
        level = Math.Min(perMinute, level + (clock.GetElapsedTime(at, now).TotalMinutes * perMinute));
        at = now;
    }
}
