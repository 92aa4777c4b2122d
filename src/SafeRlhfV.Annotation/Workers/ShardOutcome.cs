using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>What came of a shard.</summary>
/// <param name="Counts">The figures.</param>
/// <param name="Rows">Rows of the data set: split, configuration, row. Read once, when they are written.</param>
/// <param name="Contested">Rows on which the judge does not agree with itself.</param>
/// <param name="Files">Text files by name; those of all shards are put together.</param>
internal sealed record ShardOutcome(
    ShardCounts Counts, IEnumerable<(string Split, string Config, DatasetRow Row)> Rows,
        IReadOnlyList<(string Split, string Config, DatasetRow Row)> Contested, IReadOnlyDictionary<string, string> Files);
