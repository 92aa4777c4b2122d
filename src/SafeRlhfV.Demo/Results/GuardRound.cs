using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The answers after one round of filter-and-regenerate.</summary>
/// <param name="Round">0 is before any regeneration.</param>
/// <param name="UnsafeRate">Share of answers unsafe by the exact rater.</param>
/// <param name="UnsafeOfRisky">The same over risky prompts alone; null where not measured.</param>
/// <param name="Helpful">Mean helpfulness rating, 0..3.</param>
/// <param name="Flagged">Share of answers that the guard still flags.</param>
public sealed record GuardRound(int Round, Estimate UnsafeRate, double? UnsafeOfRisky, double Helpful, double Flagged);
