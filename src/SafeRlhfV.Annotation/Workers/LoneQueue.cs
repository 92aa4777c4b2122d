namespace SafeRlhfV.Annotation;

/// <summary>The queue of a process that works alone: shard after shard, each once. What is done is known by the working folder.</summary>
internal sealed class LoneQueue : IWorkQueue
{
    private int next, shards;
    private long items;
    private double cost;

    public Task ReachAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task JoinAsync(Func<string> token, IShardedWork work, string target, Action begin, CancellationToken cancellationToken)
    {
        begin();
        token();
        shards = work.Shards;
        return Task.CompletedTask;
    }

    public Task<ShardClaim?> ClaimAsync(CancellationToken cancellationToken) =>
        Task.FromResult(next < shards ? new ShardClaim(next++, $"{Guid.NewGuid():N}") : (ShardClaim?)null);

    public Task<double?> BeatAsync(ShardClaim claim, long items, double cost, CancellationToken cancellationToken) => Task.FromResult<double?>(this.cost);

    public Task CompleteAsync(ShardClaim claim, ShardCounts counts, CancellationToken cancellationToken)
    {
        items += counts.Items;
        cost += counts.Cost;
        return Task.CompletedTask;
    }

    public Task ReleaseAsync(ShardClaim claim)
    {
        next--;
        return Task.CompletedTask;
    }

    public Task<QueueProgress> ProgressAsync(CancellationToken cancellationToken) => Task.FromResult(new QueueProgress(shards - next, items, cost));

    public Task FinishAsync(Action last, CancellationToken cancellationToken)
    {
        last();
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
