using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>The actor's loss and two measures of how far the policy moved, all scalars; the measures are token means without gradient.</summary>
/// <param name="Loss">To minimise.</param>
/// <param name="ClipFraction">Share of valid tokens whose ratio left [1 - ε, 1 + ε].</param>
/// <param name="ApproximateKl">Mean of ρ - 1 - log ρ (Schulman's k3), never negative.</param>
public sealed record PolicyLoss(Tensor Loss, Tensor ClipFraction, Tensor ApproximateKl);
