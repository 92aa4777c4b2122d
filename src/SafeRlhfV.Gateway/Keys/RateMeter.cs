namespace SafeRlhfV.Gateway;

/// <summary>A bucket that fills steadily and holds a minute's worth.</summary>
internal sealed class RateMeter(int perMinute, TimeProvider clock)
{
    private readonly Lock _lock = new();
    private double _level = perMinute;
    private long _at = clock.GetTimestamp();

    /// <summary>Takes one if there is one; else says how long to wait.</summary>
    public TimeSpan? TakeOne()
    {
        lock (_lock)
        {
            Fill();
            if (_level < 1) return Wait(1 - _level);
            _level--;
            return null;
        }
    }

    /// <summary>How long to wait until the bucket is above empty; null where it is.</summary>
    public TimeSpan? WaitForAny()
    {
        lock (_lock)
        {
            Fill();
            return _level > 0 ? null : Wait(1 - _level);
        }
    }

    /// <summary>Takes what was used, which is known only afterwards: the bucket may owe.</summary>
    public void Charge(long used)
    {
        lock (_lock)
        {
            Fill();
            _level -= used;
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
