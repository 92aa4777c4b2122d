namespace SafeRlhfV.Annotation;

/// <summary>A job of a queue.</summary>
public sealed record JobStatus
{
    /// <summary>Its name.</summary>
    public required string Job { get; init; }

    /// <summary>make or label.</summary>
    public required string Kind { get; init; }

    /// <summary>The data set that it writes.</summary>
    public required string Target { get; init; }

    /// <summary>Items of all shards: pairs to label; images, categories and severities to make pairs of.</summary>
    public required long Items { get; init; }

    /// <summary>Items that are done.</summary>
    public required long ItemsDone { get; init; }

    /// <summary>Shards.</summary>
    public required int Shards { get; init; }

    /// <summary>Shards that wait for a worker.</summary>
    public required int Waiting { get; init; }

    /// <summary>Shards that a worker has.</summary>
    public required int Claimed { get; init; }

    /// <summary>Shards that are done.</summary>
    public required int Done { get; init; }

    /// <summary>Shards that failed as often as they may.</summary>
    public required int Failed { get; init; }

    /// <summary>What all calls have cost.</summary>
    public required double Cost { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Began { get; init; }

    /// <summary>When its data set was written; null where it is not.</summary>
    public required DateTimeOffset? Finished { get; init; }

    /// <summary>Of one job: the shards that a worker has, that failed, or that wait after a failure.</summary>
    public IReadOnlyList<ShardStatus> Remarkable { get; init; } = [];
}
