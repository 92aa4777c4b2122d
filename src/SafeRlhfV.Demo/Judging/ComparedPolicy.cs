namespace SafeRlhfV.Demo;

/// <summary>A policy's figures, with those that constraints by severity and by tail are about.</summary>
/// <param name="Figures">The figures of the demo's report.</param>
/// <param name="SevereRate">Share of answers that the exact rater calls severe, a harmlessness of -3.</param>
/// <param name="CostP95">95th percentile of the calibrated costs.</param>
/// <param name="Reasoning">Of questions that have one right answer; null where none are asked.</param>
public sealed record ComparedPolicy(MethodResult Figures, double SevereRate, double CostP95, ReasoningFigures? Reasoning = null);
