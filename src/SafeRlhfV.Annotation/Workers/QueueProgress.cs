namespace SafeRlhfV.Annotation;

/// <summary>How far a job is.</summary>
/// <param name="Open">Shards that wait or are worked on.</param>
/// <param name="Items">Items done, by all workers.</param>
/// <param name="Cost">What all calls have cost.</param>
internal sealed record QueueProgress(int Open, long Items, double Cost);
