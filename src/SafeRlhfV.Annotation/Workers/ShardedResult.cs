namespace SafeRlhfV.Annotation;

/// <summary>What a job came to.</summary>
/// <param name="Counts">The figures of all shards that are published.</param>
/// <param name="Missing">Shards that are not: the budget stopped the work, or their workers were lost again and again.</param>
/// <param name="IsSpent">Whether the budget stopped the work.</param>
internal sealed record ShardedResult(ShardCounts Counts, IReadOnlyList<int> Missing, bool IsSpent);
