namespace SafeRlhfV.Annotation;

/// <summary>
/// Lets calls to one service through: so many at once, so many a minute evenly paced, tokens counted afterwards, none while the service asks for rest.
/// </summary>
internal sealed class EndpointGate(EndpointSettings endpoint, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim places = new(endpoint.Concurrency);
    private readonly Lock gate = new();
    private DateTimeOffset nextCall = DateTimeOffset.MinValue, nextToken = DateTimeOffset.MinValue, rest = DateTimeOffset.MinValue;

    /// <summary>Waits for a place and for the call's turn.</summary>
    public async Task EnterAsync(CancellationToken cancellationToken)
    {
        await places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (TimeSpan wait; (wait = Turn()) > TimeSpan.Zero;) await Task.Delay(wait, clock, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            places.Release();
            throw;
        }
    }

    /// <summary>Gives the place back and counts the tokens.</summary>
    public void Leave(long tokens)
    {
        if (endpoint.TokensPerMinute is { } perMinute && tokens > 0)
            lock (gate)
            {
                DateTimeOffset now = clock.GetUtcNow();
                nextToken = (nextToken > now ? nextToken : now) + TimeSpan.FromMinutes((double)tokens / perMinute);
            }
        places.Release();
    }

    /// <summary>No call starts before the service has had its rest.</summary>
    public void Rest(TimeSpan wait)
    {
        lock (gate)
        {
            DateTimeOffset until = clock.GetUtcNow() + wait;
            if (until > rest) rest = until;
        }
    }

    public void Dispose() => places.Dispose();

    /// <summary>Zero where the call may start, which takes its turn; else how long to wait before asking again.</summary>
    private TimeSpan Turn()
    {
        lock (gate)
        {
            DateTimeOffset now = clock.GetUtcNow(), start = new[] { nextCall, nextToken, rest }.Max();
            if (start > now) return TimeSpan.FromMilliseconds(Math.Max(1, (start - now).TotalMilliseconds));
            if (endpoint.RequestsPerMinute is { } perMinute) nextCall = now + TimeSpan.FromMinutes(1.0 / perMinute);
            return TimeSpan.Zero;
        }
    }
}
