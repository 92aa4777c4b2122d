namespace SafeRlhfV.Training;

/// <summary>The roles of group-relative optimisation: those of PPO without critics.</summary>
/// <param name="Actor">The policy that learns.</param>
/// <param name="Reference">The frozen policy it must stay near.</param>
/// <param name="Scores">RM-V and CM-V; null where servers score.</param>
public sealed record GrpoRoles(PolicyRole Actor, IPolicy Reference, ScorePair? Scores)
{
    /// <summary>A held-out reward model that judges; null = none.</summary>
    public ScorerRole? Judge { get; init; }
}
