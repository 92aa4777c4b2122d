using System.Threading.Channels;

namespace SafeRlhfV.Guard;

/// <summary>Gathers the requests of concurrent callers into batches for a moderator that judges many at once.</summary>
/// <remarks>
/// A batch begins with the first request and ends when it is full or <c>linger</c> has passed. Batches run one at a time, so requests gather while one runs.
/// </remarks>
public sealed class BatchingModerator : IComposedModerator, IAsyncDisposable
{
    private readonly IModerator inner;
    private readonly int capacity;
    private readonly TimeSpan linger;
    private readonly Channel<Waiting> queue;
    private readonly CancellationTokenSource stop = new();
    private readonly Task loop;

    /// <summary>Starts gathering.</summary>
    /// <param name="inner">Who judges; it is made to fail closed.</param>
    /// <param name="batchSize">The most requests in a batch.</param>
    /// <param name="linger">How long a batch waits for further requests, 2 ms by default.</param>
    /// <param name="queueLength">How many requests may wait; further callers wait for room.</param>
    /// <param name="timeout">The time-out of a batch, as in <see cref="FailClosedModerator"/>.</param>
    public BatchingModerator(IModerator inner, int batchSize = 32, TimeSpan? linger = null, int queueLength = 10_000, TimeSpan? timeout = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        (this.inner, capacity, this.linger) = (inner.FailClosedPart(timeout), batchSize, linger ?? TimeSpan.FromMilliseconds(2));
        queue = Channel.CreateBounded<Waiting>(queueLength);
        loop = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public string Name => inner.Name;

    IReadOnlyList<IModerator> IComposedModerator.Parts => [inner];

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => inner.Judges(side);

    /// <inheritdoc/>
    public bool SeesImages => inner.SeesImages;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Task<Verdict>[] verdicts = new Task<Verdict>[requests.Count];
        for (int i = 0; i < verdicts.Length; i++)
        {
            Waiting waiting = new(requests[i], new(TaskCreationOptions.RunContinuationsAsynchronously), cancellationToken);
            verdicts[i] = waiting.Verdict.Task;
            try
            {
                await queue.Writer.WriteAsync(waiting, cancellationToken).ConfigureAwait(false);
            }
            catch (ChannelClosedException)
            {
                waiting.Verdict.TrySetResult(Verdict.Failed(Name, "stopped"));
            }
        }
        return await Task.WhenAll(verdicts).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops; what still waits, or comes later, fails, and so is blocked.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await stop.CancelAsync().ConfigureAwait(false);
        await loop.ConfigureAwait(false);
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        List<Waiting> batch = [];
        try
        {
            while (await queue.Reader.WaitToReadAsync(stop.Token).ConfigureAwait(false))
            {
                await GatherAsync(batch).ConfigureAwait(false);
                if (batch.Count == 0) continue;
                IReadOnlyList<Verdict> verdicts = await inner.ModerateAsync([.. batch.Select(waiting => waiting.Request)], stop.Token).ConfigureAwait(false);
                for (int i = 0; i < batch.Count; i++) batch[i].Verdict.TrySetResult(verdicts[i]);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // stopped: what waits is told below
        }
        foreach (Waiting waiting in batch) waiting.Verdict.TrySetResult(Verdict.Failed(Name, "stopped"));
        while (queue.Reader.TryRead(out Waiting? waiting)) waiting.Verdict.TrySetResult(Verdict.Failed(Name, "stopped"));
    }

    private async Task GatherAsync(List<Waiting> batch)
    {
        Fill(batch);
        if (batch.Count == 0 || batch.Count >= capacity || linger <= TimeSpan.Zero) return;
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        patience.CancelAfter(linger);
        try
        {
            while (batch.Count < capacity && await queue.Reader.WaitToReadAsync(patience.Token).ConfigureAwait(false)) Fill(batch);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // nobody else came in time
        }
    }

    private void Fill(List<Waiting> batch)
    {
        while (batch.Count < capacity && queue.Reader.TryRead(out Waiting? waiting))
            if (!waiting.Cancelled.IsCancellationRequested) batch.Add(waiting);
    }

    private sealed record Waiting(ModerationRequest Request, TaskCompletionSource<Verdict> Verdict, CancellationToken Cancelled);
}
