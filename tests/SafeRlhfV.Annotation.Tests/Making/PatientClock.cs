using System.Collections.Concurrent;

namespace SafeRlhfV.Annotation.Tests;

/// <summary>A clock on which long waits end only when a test says so; short ones (pauses between attempts) pass as ever.</summary>
internal sealed class PatientClock : TimeProvider
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<HeldTimer, TimeSpan> held = [];
    private readonly ConcurrentQueue<HeldTimer> made = [];

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < Long) return base.CreateTimer(callback, state, dueTime, period);
        HeldTimer timer = new(this, () => callback(state));
        held[timer] = dueTime;
        made.Enqueue(timer);
        return timer;
    }

    /// <summary>Lets the shortest of the long waits pass.</summary>
    public void PassNext() => held.MinBy(pair => pair.Value).Key.Pass();

    /// <summary>Lets all of them pass once more, as a timer may that fires while what it belongs to ends.</summary>
    public void PassLate()
    {
        foreach (HeldTimer timer in made) timer.Pass();
    }

    private sealed class HeldTimer(PatientClock clock, Action pass) : ITimer
    {
        public void Pass() => pass();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            clock.held[this] = dueTime;
            return true;
        }

        public void Dispose() => clock.held.TryRemove(this, out _);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
