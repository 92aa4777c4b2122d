namespace SafeRlhfV.Models;

/// <summary>What each head's logits are divided by before they become probabilities (Guo et al. 2017, arXiv 1706.04599). 1 changes nothing.</summary>
/// <param name="Verdict">Of the verdict.</param>
/// <param name="Category">Of all categories.</param>
/// <param name="Severity">Of the severities.</param>
public sealed record GuardTemperatures(double Verdict = 1, double Category = 1, double Severity = 1);
