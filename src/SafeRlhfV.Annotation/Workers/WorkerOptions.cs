namespace SafeRlhfV.Annotation;

/// <summary>How work is shared among processes and machines.</summary>
public sealed record WorkerOptions
{
    /// <summary>The PostgreSQL database that holds the queue, as an address; null where this process works alone.</summary>
    public string? Queue { get; init; }

    /// <summary>The job's name in the queue. Workers that name the same one share it.</summary>
    public string Job { get; init; } = "job";

    /// <summary>What others see of this worker.</summary>
    public string Worker { get; init; } = $"{Environment.MachineName}-{Environment.ProcessId}";

    /// <summary>Pairs of a shard, about.</summary>
    public int ShardPairs { get; init; } = 1000;

    /// <summary>How long a shard is a worker's after its last sign of life; then another one may claim it.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a shard is claimed before it counts as failed.</summary>
    public int Attempts { get; init; } = 5;
}
