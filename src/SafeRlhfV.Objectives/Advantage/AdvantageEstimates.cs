using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>What GAE gives; both are 0 at invalid places.</summary>
/// <param name="Advantages_BT">Â_t.</param>
/// <param name="Returns_BT">Â_t + V_t, the critic's target.</param>
public sealed record AdvantageEstimates(Tensor Advantages_BT, Tensor Returns_BT);
