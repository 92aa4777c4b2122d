using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Work that falls into shards, each of which can be done by itself, by any worker, and again.</summary>
internal interface IShardedWork
{
    /// <summary>make or label.</summary>
    string Kind { get; }

    /// <summary>A hash of all that decides what comes of it: models, settings, data, the size of a shard. Workers of a job must agree on it.</summary>
    string Identity { get; }

    /// <summary>How many shards.</summary>
    int Shards { get; }

    /// <summary>How many items all shards have together.</summary>
    long Items { get; }

    /// <summary>The services that are asked.</summary>
    IEnumerable<EndpointSettings> Endpoints { get; }

    /// <summary>The most that all calls may cost; null for no limit.</summary>
    double? Budget { get; }

    /// <summary>The card of what is written.</summary>
    BeaverTailsWriterOptions Card { get; }

    /// <summary>Does a shard.</summary>
    /// <param name="shard">Which.</param>
    /// <param name="caller">Asks the models.</param>
    /// <param name="parallel">Items to have under way.</param>
    /// <param name="onItem">Told of each item that is done.</param>
    /// <param name="cancellationToken">Stops asking.</param>
    Task<ShardOutcome> RunAsync(int shard, ModelCaller caller, int parallel, Action onItem, CancellationToken cancellationToken);

    /// <summary>Begins a data set with the columns of this work's rows.</summary>
    BeaverTailsWriter Begin(string folder, BeaverTailsWriterOptions options);

    /// <summary>The figures of the whole job as a file of the data set: its name and text.</summary>
    (string Name, string Text) Describe(ShardCounts counts, IReadOnlyList<AnnotationRecord> sample);
}

/// <summary>Work in shards that tells what came of it.</summary>
internal interface IShardedWork<out TReport> : IShardedWork where TReport : JobReport
{
    /// <summary>The report of a job.</summary>
    /// <param name="result">Its figures.</param>
    /// <param name="sample">Judgements that the agreement is measured on.</param>
    /// <param name="folder">The data set; null where none is written.</param>
    TReport Report(ShardedResult result, IReadOnlyList<AnnotationRecord> sample, string? folder);
}
