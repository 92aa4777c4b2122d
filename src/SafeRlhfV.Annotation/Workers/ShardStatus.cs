namespace SafeRlhfV.Annotation;

/// <summary>A shard of a job.</summary>
/// <param name="Shard">Its number.</param>
/// <param name="State">waiting, claimed, done or failed.</param>
/// <param name="Worker">Who has it, or had it last.</param>
/// <param name="Attempts">How often it was claimed.</param>
/// <param name="Items">Items that are done.</param>
/// <param name="Fault">What went wrong; null where nothing did.</param>
/// <param name="LeaseSeconds">Seconds until the claim is lost without a sign of life; below 0 it is lost.</param>
public sealed record ShardStatus(int Shard, string State, string? Worker, int Attempts, long Items, string? Fault, double? LeaseSeconds);
