namespace SafeRlhfV.Objectives;

/// <summary>One component of a round, standardised within the groups of answers to one prompt.</summary>
/// <param name="Scores">Z of each answer; 0 where the answer does not count.</param>
/// <param name="Means">The mean of each group; 0 where no answer counts.</param>
/// <param name="Deviations">The deviation of each group; 0 where all its values are equal.</param>
/// <param name="IsConstant">Groups whose values are all equal: they say nothing of which answer is better.</param>
public sealed record GroupComponent(double[] Scores, double[] Means, double[] Deviations, bool[] IsConstant);
