namespace SafeRlhfV.Guard;

/// <summary>A guard's score on a labelled example.</summary>
/// <param name="Score">The probability that it is unsafe, 0..1.</param>
/// <param name="Severity">What it truly is; <see cref="Severity.None"/> is safe.</param>
/// <param name="Loss">What it costs to miss it, where it is unsafe: 1 where every miss counts the same.</param>
public sealed record LabelledScore(double Score, Severity Severity, double Loss = 1);
