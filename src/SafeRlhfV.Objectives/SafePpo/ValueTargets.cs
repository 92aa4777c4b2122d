using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>What a critic is trained with.</summary>
/// <param name="Values_BT">V when the responses were sampled.</param>
/// <param name="Advantages_BT">Â.</param>
/// <param name="Returns_BT">Â + V.</param>
public sealed record ValueTargets(Tensor Values_BT, Tensor Advantages_BT, Tensor Returns_BT);
