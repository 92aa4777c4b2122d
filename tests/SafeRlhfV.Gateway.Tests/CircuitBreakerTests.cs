namespace SafeRlhfV.Gateway.Tests;

public sealed class CircuitBreakerTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private readonly HandClock clock = new();

    [Fact]
    public void HalfOfTenFailuresOpenItAndOneTrialClosesIt()
    {
        CircuitBreaker breaker = new(Pause, clock);
        for (int i = 0; i < 5; i++) Call(breaker, true);
        for (int i = 0; i < 4; i++) Call(breaker, false);
        Assert.False(breaker.IsOpen);
        Call(breaker, false);
        Assert.True(breaker.IsOpen);
        Assert.False(breaker.TryEnter());

        clock.Now += Pause;
        Assert.True(breaker.TryEnter());
        Assert.False(breaker.TryEnter()); // one trial at a time
        breaker.Failed();
        Assert.True(breaker.IsOpen);

        clock.Now += Pause;
        Assert.True(breaker.TryEnter());
        breaker.Abandoned(); // whoever made the trial went away: the next one makes it
        Assert.True(breaker.TryEnter());
        breaker.Succeeded();
        Assert.False(breaker.IsOpen);
        Call(breaker, false); // what was before counts no longer
        Assert.False(breaker.IsOpen);
    }

    [Fact]
    public void WhatIsLongPastDoesNotCount()
    {
        CircuitBreaker breaker = new(Pause, clock);
        for (int i = 0; i < 9; i++) Call(breaker, false);
        clock.Now += TimeSpan.FromSeconds(31);
        for (int i = 0; i < 9; i++) Call(breaker, false);
        Assert.False(breaker.IsOpen);
        clock.Now += TimeSpan.FromSeconds(16); // the window before still counts
        Call(breaker, false);
        Assert.True(breaker.IsOpen);
    }

    // No connection is told at once, though calls are not held back yet; and not for ever, since a balancer sends nothing meanwhile.
    [Fact]
    public void WhatCannotBeReachedIsDownUntilACallSucceedsOrThePauseIsOver()
    {
        CircuitBreaker breaker = new(Pause, clock);
        Call(breaker, false);
        Assert.False(breaker.IsDown);
        breaker.Failed(isUnreachable: true);
        Assert.Equal((true, false), (breaker.IsDown, breaker.IsOpen));
        Call(breaker, false);
        Assert.True(breaker.IsDown);
        Call(breaker, true);
        Assert.False(breaker.IsDown);
        breaker.Failed(isUnreachable: true);
        clock.Now += Pause;
        Assert.False(breaker.IsDown);
    }

    private static void Call(CircuitBreaker breaker, bool isWell)
    {
        Assert.True(breaker.TryEnter());
        if (isWell) breaker.Succeeded();
        else breaker.Failed();
    }

    private sealed class HandClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
