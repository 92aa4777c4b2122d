namespace SafeRlhfV.Annotation;

/// <summary>A shard that a worker has claimed.</summary>
/// <param name="Shard">Which.</param>
/// <param name="Token">Tells this claim from every other one: who lost his lease cannot finish another's work.</param>
internal sealed record ShardClaim(int Shard, string Token);
