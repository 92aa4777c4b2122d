using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Work in shards from its beginning to its report, by one process or as one of several workers.</summary>
internal static class ShardedJob
{
    /// <summary>Works until the job is done. Nothing is written before the queue has answered.</summary>
    /// <param name="open">Opens the work.</param>
    /// <param name="source">What is read; the target must not lie in it.</param>
    /// <param name="working">The folder of journals and finished shards; all workers of a job share it.</param>
    /// <param name="target">The data set to write.</param>
    /// <param name="options">The queue and this worker's place in it.</param>
    /// <param name="overwrite">Replace the target if it exists.</param>
    /// <param name="onProgress">Told how far the job is.</param>
    /// <param name="clock">The time; null for the system's.</param>
    /// <param name="cancellationToken">Stops asking; calls under way are finished and kept.</param>
    public static async Task<TReport> RunAsync<TReport>(Func<IShardedWork<TReport>> open, string source, string working, string target,
        WorkerOptions options, bool overwrite, Action<MakingProgress>? onProgress, TimeProvider? clock, CancellationToken cancellationToken)
        where TReport : JobReport
    {
        await using IWorkQueue queue = options.Queue is null ? new LoneQueue() : new PostgresQueue(options);
        await queue.ReachAsync(cancellationToken).ConfigureAwait(false);
        IShardedWork<TReport> work = open();
        ShardWorker worker = new(work, queue, options, new ShardFolder(working), clock);
        ShardedResult result = await worker.RunAsync(target, () => AtomicFolder.Check(target, overwrite, source), onProgress, cancellationToken)
            .ConfigureAwait(false);
        bool isWritten = !result.IsSpent && result.Counts.Pairs > 0 && Directory.Exists(target);
        IReadOnlyList<AnnotationRecord> sample = isWritten ? ShardFolder.Sample(Path.Combine(target, AnnotationFile.Name)) : [];
        return work.Report(result, sample, isWritten ? Path.GetFullPath(target) : null);
    }

    /// <summary>Does something with all items, several at a time.</summary>
    /// <returns>What came of each, in the order of the items.</returns>
    public static async Task<TResult[]> EachAsync<TItem, TResult>(IReadOnlyList<TItem> items, int parallel, Func<TItem, Task<TResult>> work, Action onItem,
        CancellationToken cancellationToken)
    {
        TResult[] results = new TResult[items.Count];
        ParallelOptions several = new() { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, items.Count, several, async (i, _) =>
        {
            results[i] = await work(items[i]).ConfigureAwait(false);
            onItem();
        }).ConfigureAwait(false);
        return results;
    }
}
