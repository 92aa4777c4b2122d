namespace SafeRlhfV.Gateway;

/// <summary>How a gateway that is told to end (SIGTERM, Ctrl-C) does so without losing a request.</summary>
public sealed record ShutdownSettings
{
    /// <summary>What holds for a gateway with others beside it, unless its file says otherwise.</summary>
    public static ShutdownSettings OfReplicas { get; } = new() { Drain = TimeSpan.FromSeconds(10), Finish = TimeSpan.FromMinutes(2) };

    /// <summary>
    /// For how long <c>/readyz</c> says "draining" while requests are still taken, so that a balancer sends the next ones elsewhere. Longer than the balancer
    /// needs to see it.
    /// </summary>
    public TimeSpan Drain { get; init; } = TimeSpan.Zero;

    /// <summary>The longest that requests under way may then take.</summary>
    public TimeSpan Finish { get; init; } = TimeSpan.FromSeconds(30);
}
