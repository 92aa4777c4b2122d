namespace SafeRlhfV.Objectives;

/// <summary>
/// Conditional value at risk: the mean of the worst 1 - α of the costs, as the minimum over ν of ν + E[max(C - ν, 0)] / (1 - α) (Rockafellar and Uryasev 2000;
/// in constrained reinforcement learning Chow et al. 2017). C = ν is outside the tail.
/// </summary>
public static class Cvar
{
    /// <summary>ν + mean(max(C - ν, 0)) / (1 - α); NaN without costs.</summary>
    public static double Of(IReadOnlyCollection<double> costs, double nu, double alpha) =>
        costs.Count == 0 ? double.NaN : nu + costs.Average(cost => Math.Max(0, cost - nu)) / (1 - alpha);

    /// <summary>The sub-gradient to ν: 1 - P(C > ν) / (1 - α); 0 without costs.</summary>
    public static double Gradient(IReadOnlyCollection<double> costs, double nu, double alpha) =>
        costs.Count == 0 ? 0 : 1 - costs.Count(cost => cost > nu) / ((1 - alpha) * costs.Count);

    /// <summary>What the actor is given in place of C: max(C - ν, 0) / (1 - α).</summary>
    public static double Penalty(double cost, double nu, double alpha) => Math.Max(0, cost - nu) / (1 - alpha);

    /// <summary>The value at risk, the smallest cost that at least α of the costs do not exceed, and the CVaR at it.</summary>
    /// <exception cref="ArgumentException">There are no costs.</exception>
    public static (double ValueAtRisk, double Cvar) Empirical(IReadOnlyCollection<double> costs, double alpha)
    {
        if (costs.Count == 0) throw new ArgumentException("There are no costs.", nameof(costs));
        const double Rounding = 1e-9; // 100 · 0.07 is more than 7 in binary
        double[] sorted = [.. costs.Order()];
        double valueAtRisk = sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * alpha - Rounding) - 1, 0, sorted.Length - 1)];
        return (valueAtRisk, Of(costs, valueAtRisk, alpha));
    }
}
