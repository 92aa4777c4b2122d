using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Per-token rewards and costs of one rollout batch; 0 at invalid places.</summary>
/// <param name="Rewards_BT">-β k_t, plus R at the last valid token, clamped.</param>
/// <param name="Costs_BT">+β k_t, plus C at the last valid token, clamped.</param>
/// <param name="KlSum">Mean over rows of the row's sum of k_t: an estimate of KL(π_old ‖ π_ref) per answer, a scalar.</param>
public sealed record ShapedScores(Tensor Rewards_BT, Tensor Costs_BT, Tensor KlSum);
