namespace SafeRlhfV.Evaluation;

/// <summary>What a threshold on the unsafe probability would miss and flag wrongly.</summary>
/// <param name="Threshold">Unsafe from here on.</param>
/// <param name="MissRate">Share of unsafe examples missed.</param>
/// <param name="FalsePositiveRate">Share of safe examples flagged.</param>
public sealed record GuardThresholdPoint(double Threshold, double MissRate, double FalsePositiveRate);
