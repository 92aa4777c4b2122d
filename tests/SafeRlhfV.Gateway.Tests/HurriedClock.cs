namespace SafeRlhfV.Gateway.Tests;

/// <summary>A clock on which everything goes a number of times faster.</summary>
internal sealed class HurriedClock(int times) : TimeProvider
{
    private readonly long start = System.GetTimestamp();

    public override long TimestampFrequency => System.TimestampFrequency;

    public override long GetTimestamp() => start + ((System.GetTimestamp() - start) * times);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Shorter(dueTime), Shorter(period));

    private TimeSpan Shorter(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / times;
}
