namespace SafeRlhfV.Guard;

/// <summary>The largest share of unsafe examples that may be missed.</summary>
/// <param name="MissRate">The share, above 0 and below 1.</param>
/// <param name="Severity">Of which severity; null for all unsafe examples together.</param>
/// <param name="Upcoming">With a confidence: over how many such examples to come the share is counted; null for infinitely many (the true rate).</param>
public sealed record MissTarget(double MissRate, Severity? Severity = null, int? Upcoming = null);
