using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>The losses of a batch; null where the network's output was not given.</summary>
/// <param name="Actor">The clipped surrogate.</param>
/// <param name="RewardCritic">The reward critic's loss, a scalar.</param>
/// <param name="CostCritic">The cost critic's loss, a scalar.</param>
public sealed record SafePpoLosses(PolicyLoss? Actor, Tensor? RewardCritic, Tensor? CostCritic);
