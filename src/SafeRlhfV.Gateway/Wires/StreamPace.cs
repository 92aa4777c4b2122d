namespace SafeRlhfV.Gateway;

/// <summary>Reads a stream, and tells whenever nothing has come for a while.</summary>
/// <param name="stream">The stream.</param>
/// <param name="silence">How long nothing may come before it is told.</param>
/// <param name="clock">The clock.</param>
/// <param name="cancellationToken">Cancels the reading.</param>
internal sealed class StreamPace<T>(IAsyncEnumerable<T> stream, TimeSpan silence, TimeProvider clock, CancellationToken cancellationToken) : IAsyncDisposable
    where T : class
{
    private readonly IAsyncEnumerator<T> items = stream.GetAsyncEnumerator(cancellationToken);
    private readonly CancellationTokenSource end = new();
    private Task<bool>? next;
    private Task? tick; // one timer serves many items
    private long heard = clock.GetTimestamp();

    /// <summary>The next item, or a step without one after silence; null at the end.</summary>
    public async ValueTask<Step?> NextAsync()
    {
        next ??= items.MoveNextAsync().AsTask();
        while (!next.IsCompleted)
        {
            TimeSpan left = silence - clock.GetElapsedTime(heard);
            if (left <= TimeSpan.Zero)
            {
                heard = clock.GetTimestamp();
                return new(null);
            }
            tick ??= Task.Delay(left, clock, end.Token);
            if (await Task.WhenAny(next, tick) != next) tick = null;
        }
        Task<bool> done = next;
        next = null;
        heard = clock.GetTimestamp();
        return await done ? new Step(items.Current) : null;
    }

    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync();
        end.Dispose();
        if (next is not null) await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // a stream must not be left while it is read
        await items.DisposeAsync();
    }

    /// <summary>What has come.</summary>
    /// <param name="Value">The item; null after silence.</param>
    internal readonly record struct Step(T? Value);
}
