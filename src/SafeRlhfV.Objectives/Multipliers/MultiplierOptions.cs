using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Objectives;

/// <summary>Settings of the Lagrange multiplier; the defaults are the paper's.</summary>
public sealed record MultiplierOptions
{
    /// <summary>λ before the first update.</summary>
    [Range(0, 1e12)]
    public double Initial { get; init; } = 10;

    /// <summary>λ_max, the budget bound that stops the multiplier from running away; null: none.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double? Maximum { get; init; } = 20;

    /// <summary>d: the mean episode cost that is allowed.</summary>
    [Range(-1e12, 1e12)]
    public double Budget { get; init; } = -0.5;

    /// <summary>Step size of <see cref="MultiplierMode.Log"/> and <see cref="MultiplierMode.Projected"/>.</summary>
    [Range(0, 10, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 0.1;

    /// <summary>No update before this step (steps count from 0).</summary>
    [Range(0, 1e9)]
    public int Delay { get; init; } = 1;

    /// <summary>Number of recent episode costs averaged into J_C.</summary>
    [Range(1, 1e9)]
    public int Window { get; init; } = 128;

    /// <summary>PID: weight of J_C - d.</summary>
    [Range(0, 1e12)]
    public double Proportional { get; init; } = 0.5;

    /// <summary>PID: weight of the summed excess.</summary>
    [Range(0, 1e12)]
    public double Integral { get; init; } = 0.05;

    /// <summary>PID: weight of a rise of J_C (a fall counts 0).</summary>
    [Range(0, 1e12)]
    public double Derivative { get; init; } = 0.3;

    /// <summary>PID: bound on the summed excess; null: none.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double? IntegralMaximum { get; init; }
}
