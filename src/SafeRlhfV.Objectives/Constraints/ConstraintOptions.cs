using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Objectives;

/// <summary>Settings of a <see cref="CostConstraint"/>.</summary>
public sealed record ConstraintOptions
{
    /// <summary>What must keep the budget.</summary>
    public ConstraintKind Kind { get; init; }

    /// <summary>How λ follows.</summary>
    public MultiplierMode Mode { get; init; } = MultiplierMode.Log;

    /// <summary>λ's settings, with the budget d.</summary>
    public MultiplierOptions Multiplier { get; init; } = new();

    /// <summary>α of the CVaR: the mean of the worst 1 - α must keep the budget.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double Alpha { get; init; } = 0.9;

    /// <summary>ν before the first step, where the tail of the CVaR begins.</summary>
    [Range(-1e12, 1e12)]
    public double NuInitial { get; init; }

    /// <summary>Step size of ν.</summary>
    [Range(0, 1e12)]
    public double NuLearningRate { get; init; } = 0.1;

    /// <summary>
    /// ν is at most this; null = any. A CVaR can only keep a budget d with ν ≤ d, so that the bound d loses no solution. Without it ν settles on the costs of a
    /// policy that is unsafe nearly everywhere, and answers below ν, unsafe ones too, are charged nothing.
    /// </summary>
    public double? NuMaximum { get; init; }
}
