namespace SafeRlhfV.Annotation;

/// <summary>Hands out the shards of one job.</summary>
internal interface IWorkQueue : IAsyncDisposable
{
    /// <summary>Ends when the queue has answered: nothing should be written for a job that cannot be joined.</summary>
    /// <exception cref="ServiceException">It cannot be reached.</exception>
    Task ReachAsync(CancellationToken cancellationToken);

    /// <summary>Joins the job, or begins it.</summary>
    /// <param name="token">Gives what stands in the working folder, and writes it where nothing does: workers of a job share that folder.</param>
    /// <param name="work">What is done.</param>
    /// <param name="target">The data set that is written.</param>
    /// <param name="begin">Called before the job begins; throws where it cannot.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="InvalidInputException">A job of this name does other work, or its workers use another folder.</exception>
    Task JoinAsync(Func<string> token, IShardedWork work, string target, Action begin, CancellationToken cancellationToken);

    /// <summary>A shard that nobody works on; null where there is none at present.</summary>
    Task<ShardClaim?> ClaimAsync(CancellationToken cancellationToken);

    /// <summary>Says that the worker lives.</summary>
    /// <returns>What all other shards have cost; null where the claim is lost to another worker.</returns>
    Task<double?> BeatAsync(ShardClaim claim, long items, double cost, CancellationToken cancellationToken);

    /// <summary>Ends a claim with a result.</summary>
    /// <param name="claim">The claim; nothing is changed where it is lost.</param>
    /// <param name="counts">The figures; with failures, the shard is handed out again as long as it has attempts left.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    Task CompleteAsync(ShardClaim claim, ShardCounts counts, CancellationToken cancellationToken);

    /// <summary>Gives a claim back without a result; the attempt does not count.</summary>
    Task ReleaseAsync(ShardClaim claim);

    /// <summary>How far the job is.</summary>
    Task<QueueProgress> ProgressAsync(CancellationToken cancellationToken);

    /// <summary>Does the job's last step once, by one worker, however many ask for it.</summary>
    Task FinishAsync(Action last, CancellationToken cancellationToken);
}
