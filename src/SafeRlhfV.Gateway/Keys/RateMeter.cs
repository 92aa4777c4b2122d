namespace SafeRlhfV.Gateway;

/// <summary>The limit of a gateway that stands alone.</summary>
internal sealed class RateMeter(int perMinute, TimeProvider clock) : IRateMeter
{
    private readonly Lock _lock = new();
    private double _level = perMinute;
    private long _at = clock.GetTimestamp();

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> TakeOneAsync()
    {
        lock (_lock)
        {
            Fill();
            if (_level < 1) return new(Wait(1 - _level));
            _level--;
            return default;
        }
    }

    /// <inheritdoc/>
    public ValueTask<TimeSpan?> WaitForAnyAsync()
    {
        lock (_lock)
        {
            Fill();
            return _level > 0 ? default : new(Wait(1 - _level));
        }
    }

    /// <inheritdoc/>
    public ValueTask ChargeAsync(long used)
    {
        lock (_lock)
        {
            Fill();
            _level -= used;
            return default;
        }
    }

    private TimeSpan Wait(double missing) => TimeSpan.FromMinutes(missing / perMinute);

    private void Fill()
    {
        long now = clock.GetTimestamp();
        _level = Math.Min(perMinute, _level + (clock.GetElapsedTime(_at, now).TotalMinutes * perMinute));
        _at = now;
    }
}
