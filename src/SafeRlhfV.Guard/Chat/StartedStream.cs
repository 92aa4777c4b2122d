using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>A model's stream that was asked for before it is read.</summary>
internal sealed class StartedStream : IAsyncDisposable
{
    private readonly CancellationTokenSource end;
    private readonly IAsyncEnumerator<ChatResponseUpdate> updates;
    private readonly Task<bool> first;

    public StartedStream(Func<CancellationToken, IAsyncEnumerable<ChatResponseUpdate>> ask, CancellationToken cancellationToken)
    {
        end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        updates = ask(end.Token).GetAsyncEnumerator(end.Token);
        first = updates.MoveNextAsync().AsTask();
    }

    public async IAsyncEnumerable<ChatResponseUpdate> ReadAsync()
    {
        for (bool isThere = await first.ConfigureAwait(false); isThere; isThere = await updates.MoveNextAsync().ConfigureAwait(false))
            yield return updates.Current;
    }

    /// <summary>Ends the model's work where the stream was not read to its end.</summary>
    public async ValueTask DisposeAsync()
    {
        await end.CancelAsync().ConfigureAwait(false);
        await first.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default).ConfigureAwait(false);
        _ = first.Exception; // nobody waits for what was not read
        await updates.DisposeAsync().ConfigureAwait(false);
        end.Dispose();
    }
}
