namespace SafeRlhfV.Training;

/// <summary>The six roles of Safe PPO. They may be six models, or one backbone under adapters.</summary>
/// <param name="Actor">The policy that learns.</param>
/// <param name="Reference">The frozen policy it must stay near.</param>
/// <param name="Reward">RM-V.</param>
/// <param name="Cost">CM-V.</param>
/// <param name="RewardCritic">V_R; starts from RM-V.</param>
/// <param name="CostCritic">V_C; starts from CM-V.</param>
public sealed record PpoRoles(PolicyRole Actor, IPolicy Reference, IScorer Reward, IScorer Cost, ScorerRole RewardCritic, ScorerRole CostCritic);
