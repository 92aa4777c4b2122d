namespace SafeRlhfV.Objectives;

/// <summary>How far importance weights may be from 1, and what becomes of those that are further.</summary>
/// <param name="Maximum">The upper bound; null = none.</param>
/// <param name="Minimum">The lower bound; null = none.</param>
/// <param name="Masks">Weights outside the bounds become 0; else they are cut to the bounds.</param>
/// <param name="WholeAnswer">One weight an answer, of the product of its tokens' ratios; else one a token.</param>
public sealed record ImportanceOptions(double? Maximum, double? Minimum = null, bool Masks = false, bool WholeAnswer = false);
