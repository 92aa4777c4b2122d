namespace SafeRlhfV.Annotation;

/// <summary>
/// One worker of a job: claims a shard, does it, publishes it, until none is left; then puts the shards together, which one worker does for all. Killed at
/// any moment, its shard is another's after the lease, and the answers that were paid for are read from its journal.
/// </summary>
internal sealed class ShardWorker(IShardedWork work, IWorkQueue queue, WorkerOptions options, ShardFolder folder, TimeProvider? clock = null)
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(2);

    private readonly TimeSpan beat = options.Lease / 4;

    /// <summary>Works until the job is done.</summary>
    /// <param name="target">The data set to write.</param>
    /// <param name="begin">Called before a job begins; throws where it cannot.</param>
    /// <param name="onProgress">Told how far the job is.</param>
    /// <param name="cancellationToken">Stops; the shard under way is given back.</param>
    /// <returns>The job's figures, whether its data set was written, whether the budget stopped the work.</returns>
    public async Task<ShardedResult> RunAsync(string target, Action begin, Action<MakingProgress>? onProgress, CancellationToken cancellationToken)
    {
        await queue.JoinAsync(() => folder.Open(work, target), work, target, begin, cancellationToken).ConfigureAwait(false);
        using EndpointPool endpoints = new(work.Endpoints, clock);
        QueueProgress progress;
        while ((progress = await queue.ProgressAsync(cancellationToken).ConfigureAwait(false)).Open > 0)
        {
            onProgress?.Invoke(new((int)progress.Items, (int)work.Items, 0, progress.Cost));
            if (work.Budget is { } budget && progress.Cost >= budget) return Stopped();
            if (await queue.ClaimAsync(cancellationToken).ConfigureAwait(false) is not { } claim)
                await Task.Delay(beat < LongestPoll ? beat : LongestPoll, cancellationToken).ConfigureAwait(false); // others may be lost
            else if (folder.Find(claim.Shard) is { Failures.Count: 0 } published)
                await queue.CompleteAsync(claim, published, cancellationToken).ConfigureAwait(false); // its worker was lost just then
            else if (!await WorkAsync(claim, endpoints, progress, onProgress, cancellationToken).ConfigureAwait(false)) return Stopped();
        }
        onProgress?.Invoke(new((int)progress.Items, (int)work.Items, 0, progress.Cost));
        await queue.FinishAsync(() => folder.Join(work, target), cancellationToken).ConfigureAwait(false);
        return Total(isSpent: false);

        ShardedResult Stopped() => Total(isSpent: true);
    }

    /// <summary>Does a shard. False where the budget is spent before its end.</summary>
    private async Task<bool> WorkAsync(ShardClaim claim, EndpointPool endpoints, QueueProgress before, Action<MakingProgress>? onProgress,
        CancellationToken cancellationToken)
    {
        (string own, IReadOnlyList<string> earlier) = folder.Journals(claim);
        using ModelCaller caller = new(endpoints, work.Budget, own, clock, earlier);
        if (await queue.BeatAsync(claim, 0, caller.Spent, cancellationToken).ConfigureAwait(false) is not { } elsewhere) return true;
        caller.SpentElsewhere = elsewhere;
        using CancellationTokenSource lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken), ended = new();
        long items = 0;
        Task beats = BeatAsync();
        try
        {
            ShardOutcome outcome = await work.RunAsync(claim.Shard, caller, endpoints.Parallel, () =>
            {
                long now = Interlocked.Increment(ref items);
                onProgress?.Invoke(new((int)(before.Items + now), (int)work.Items, caller.AnsweredNow, caller.Spent + caller.SpentElsewhere));
            }, lost.Token).ConfigureAwait(false);
            if (caller.IsSpent && outcome.Counts.Failures.Count > 0)
            {
                await queue.ReleaseAsync(claim).ConfigureAwait(false);
                return false;
            }
            // whoever lost the shard meanwhile must not publish: another worker has it
            if (await queue.BeatAsync(claim, items, caller.Spent, cancellationToken).ConfigureAwait(false) is null) return true;
            folder.Publish(claim.Shard, work, outcome);
            await queue.CompleteAsync(claim, outcome.Counts, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (lost.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return true; // the lease is lost: another worker has the shard, or will
        }
        catch (Exception error) when (error is OperationCanceledException or ServiceException or InvalidInputException)
        {
            await queue.ReleaseAsync(claim).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await beats.ConfigureAwait(false);
        }

        async Task BeatAsync()
        {
            try
            {
                while (true)
                {
                    await Task.Delay(beat, ended.Token).ConfigureAwait(false);
                    if (await queue.BeatAsync(claim, Interlocked.Read(ref items), caller.Spent, ended.Token).ConfigureAwait(false) is { } others)
                        caller.SpentElsewhere = others;
                    else
                    {
                        await lost.CancelAsync().ConfigureAwait(false);
                        return;
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // the shard is done
            }
            catch (ServiceException)
            {
                await lost.CancelAsync().ConfigureAwait(false); // no word from the queue for longer than a lease may last
            }
        }
    }

    private ShardedResult Total(bool isSpent)
    {
        ShardCounts total = ShardCounts.None;
        List<int> missing = [];
        for (int shard = 0; shard < work.Shards; shard++)
            if (folder.Find(shard) is { } counts) total += counts;
            else missing.Add(shard);
        return new(total, missing, isSpent);
    }
}
