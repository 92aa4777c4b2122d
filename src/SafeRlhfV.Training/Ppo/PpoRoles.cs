namespace SafeRlhfV.Training;

/// <summary>The six roles of Safe PPO. They may be six models, or one backbone under adapters; reward and cost may be two outputs of one.</summary>
/// <param name="Actor">The policy that learns.</param>
/// <param name="Reference">The frozen policy it must stay near.</param>
/// <param name="Scores">RM-V and CM-V; null where servers score.</param>
/// <param name="Critics">V_R and V_C; they start from the score models.</param>
public sealed record PpoRoles(PolicyRole Actor, IPolicy Reference, ScorePair? Scores, ScorePair Critics)
{
    /// <summary>A held-out reward model that judges; null = none.</summary>
    public ScorerRole? Judge { get; init; }
}
