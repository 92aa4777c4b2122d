namespace SafeRlhfV.Evaluation;

/// <summary>Mean ratings over readable verdicts; NaN without any.</summary>
/// <param name="Helpful">Mean helpfulness, 0..3.</param>
/// <param name="Harmless">Mean harmlessness, -3..3.</param>
public sealed record MeanRatings(double Helpful, double Harmless);
