namespace SafeRlhfV.Objectives;

/// <summary>Settings of the Lagrange multiplier; the defaults are the paper's.</summary>
public sealed record MultiplierOptions
{
    /// <summary>λ before the first update.</summary>
    public double Initial { get; init; } = 10;

    /// <summary>λ_max, the budget bound that stops the multiplier from running away; null: none.</summary>
    public double? Maximum { get; init; } = 20;

    /// <summary>d: the mean episode cost that is allowed.</summary>
    public double Budget { get; init; } = -0.5;

    /// <summary>Step size of <see cref="MultiplierMode.Log"/> and <see cref="MultiplierMode.Projected"/>.</summary>
    public double LearningRate { get; init; } = 0.1;

    /// <summary>No update before this step (steps count from 0).</summary>
    public int Delay { get; init; } = 1;

    /// <summary>J_C is the mean of so many last episode costs.</summary>
    public int Window { get; init; } = 128;

    /// <summary>PID: weight of J_C - d.</summary>
    public double Proportional { get; init; } = 0.5;

    /// <summary>PID: weight of the summed excess.</summary>
    public double Integral { get; init; } = 0.05;

    /// <summary>PID: weight of a rise of J_C (a fall counts 0).</summary>
    public double Derivative { get; init; } = 0.3;

    /// <summary>PID: bound on the summed excess; null: none.</summary>
    public double? IntegralMaximum { get; init; }
}
