namespace SafeRlhfV.Models;

/// <summary>What a short training gave.</summary>
/// <param name="Losses">The loss of each step, before its update.</param>
/// <param name="GradientNorms">The norm of each step's gradients, before clipping.</param>
/// <param name="Result">The folder with the trained checkpoint.</param>
public sealed record ParityTrainingResult(IReadOnlyList<float> Losses, IReadOnlyList<float> GradientNorms, string Result);
