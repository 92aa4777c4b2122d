using System.Threading.Channels;

namespace SafeRlhfV.Guard;

/// <summary>Gathers the requests of concurrent callers into batches for a moderator that judges many at once.</summary>
/// <remarks>
/// A batch begins with the first request and ends when it is full or <c>linger</c> has passed. Batches run one at a time, so requests gather while one runs.
/// </remarks>
public sealed class BatchingModerator : IComposedModerator, IAsyncDisposable
{
    private readonly IModerator _inner;
    private readonly int _capacity;
    private readonly TimeSpan _linger;
    private readonly Channel<Waiting> _queue;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _loop;

    /// <summary>Starts gathering.</summary>
    /// <param name="inner">Who judges; it is made to fail closed.</param>
    /// <param name="batchSize">The most requests in a batch.</param>
    /// <param name="linger">How long a batch waits for company, 2 ms by default.</param>
    /// <param name="queueLength">How many requests may wait; further callers wait for room.</param>
    /// <param name="timeout">The time-out of a batch, as in <see cref="FailClosedModerator"/>.</param>
    public BatchingModerator(IModerator inner, int batchSize = 32, TimeSpan? linger = null, int queueLength = 10_000, TimeSpan? timeout = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        (_inner, _capacity, _linger) = (inner.FailClosedPart(timeout), batchSize, linger ?? TimeSpan.FromMilliseconds(2));
        _queue = Channel.CreateBounded<Waiting>(queueLength);
        _loop = Task.Run(RunAsync);
    }

    /// <inheritdoc/>
    public string Name => _inner.Name;

    IReadOnlyList<IModerator> IComposedModerator.Parts => [_inner];

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => _inner.Judges(side);

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
                await _queue.Writer.WriteAsync(waiting, cancellationToken).ConfigureAwait(false);
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
        _queue.Writer.TryComplete();
        await _stop.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        List<Waiting> batch = [];
        try
        {
            while (await _queue.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
            {
                await GatherAsync(batch).ConfigureAwait(false);
                if (batch.Count == 0) continue;
                IReadOnlyList<Verdict> verdicts = await _inner.ModerateAsync([.. batch.Select(waiting => waiting.Request)], _stop.Token).ConfigureAwait(false);
                for (int i = 0; i < batch.Count; i++) batch[i].Verdict.TrySetResult(verdicts[i]);
                batch.Clear();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // stopped: what waits is told below
        }
        foreach (Waiting waiting in batch) waiting.Verdict.TrySetResult(Verdict.Failed(Name, "stopped"));
        while (_queue.Reader.TryRead(out Waiting? waiting)) waiting.Verdict.TrySetResult(Verdict.Failed(Name, "stopped"));
    }

    private async Task GatherAsync(List<Waiting> batch)
    {
        Fill(batch);
        if (batch.Count == 0 || batch.Count >= _capacity || _linger <= TimeSpan.Zero) return;
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        patience.CancelAfter(_linger);
        try
        {
            while (batch.Count < _capacity && await _queue.Reader.WaitToReadAsync(patience.Token).ConfigureAwait(false)) Fill(batch);
        }
        catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
        {
            // nobody else came in time
        }
    }

    private void Fill(List<Waiting> batch)
    {
        while (batch.Count < _capacity && _queue.Reader.TryRead(out Waiting? waiting))
            if (!waiting.Cancelled.IsCancellationRequested) batch.Add(waiting);
    }

    private sealed record Waiting(ModerationRequest Request, TaskCompletionSource<Verdict> Verdict, CancellationToken Cancelled);
}
