namespace SafeRlhfV.Evaluation;

/// <summary>A model in the plane.</summary>
/// <param name="Model">The model.</param>
/// <param name="Helpful">How helpful, 0 to 1.</param>
/// <param name="Harmless">How harmless, 0 to 1.</param>
/// <param name="IsOnFront">Whether it is on the Pareto front.</param>
public sealed record PlanePoint(string Model, Estimate Helpful, Estimate Harmless, bool IsOnFront = false);
