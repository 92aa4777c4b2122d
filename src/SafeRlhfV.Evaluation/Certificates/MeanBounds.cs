namespace SafeRlhfV.Evaluation;

/// <summary>Upper confidence bounds on the mean of costs in a range, each one-sided at level 1 - δ.</summary>
public static class MeanBounds
{
    /// <summary>
    /// Hoeffding (1963): mean + width √(ln(1/δ) / 2n), at most the range's upper end. Holds for any distribution on the range.
    /// </summary>
    public static double Hoeffding(ReadOnlySpan<double> costs, CostRange range, double delta) => costs.Length == 0
        ? range.High
        : Math.Min(range.High, Mean(costs) + range.Width * Math.Sqrt(Math.Log(1 / delta) / (2 * costs.Length)));

    /// <summary>
    /// Empirical Bernstein (Maurer and Pontil 2009, theorem 4): mean + √(2 s² ln(2/δ) / n) + 7 width ln(2/δ) / (3 (n - 1)), at most the range's upper end.
    /// Holds for any distribution on the range, and is narrower than Hoeffding's where costs vary little.
    /// </summary>
    public static double Bernstein(ReadOnlySpan<double> costs, CostRange range, double delta)
    {
        int n = costs.Length;
        if (n < 2) return range.High;
        double log = Math.Log(2 / delta), deviation = Deviation(costs);
        return Math.Min(range.High, Mean(costs) + deviation * Math.Sqrt(2 * log / n) + 7 * range.Width * log / (3 * (n - 1)));
    }

    /// <summary>
    /// Student's t: mean + t s / √n. It holds for normal costs only: of rare harms it misses the mean far more often than δ. For information.
    /// </summary>
    /// <returns>Not cut at the range's end; infinite below two costs.</returns>
    public static double StudentT(ReadOnlySpan<double> costs, double delta) => costs.Length < 2
        ? double.PositiveInfinity
        : Mean(costs) + Distributions.StudentQuantile(delta, costs.Length - 1) * Deviation(costs) / Math.Sqrt(costs.Length);

    /// <summary>The p-value of Student's t for the claim that the mean is at most the budget. For information.</summary>
    public static double StudentPValue(ReadOnlySpan<double> costs, double budget)
    {
        if (costs.Length < 2) return 1;
        double above = Mean(costs) - budget, error = Deviation(costs) / Math.Sqrt(costs.Length);
        return error == 0 ? above > 0 ? 1 : 0 : Distributions.StudentUpperTail(-above / error, costs.Length - 1);
    }

    /// <summary>The mean; NaN without costs.</summary>
    public static double Mean(ReadOnlySpan<double> costs)
    {
        double sum = 0;
        foreach (double cost in costs) sum += cost;
        return sum / costs.Length;
    }

    /// <summary>The standard deviation with n - 1; NaN below two costs.</summary>
    public static double Deviation(ReadOnlySpan<double> costs)
    {
        if (costs.Length < 2) return double.NaN;
        double mean = Mean(costs), sum = 0;
        foreach (double cost in costs) sum += (cost - mean) * (cost - mean);
        return Math.Sqrt(sum / (costs.Length - 1));
    }
}
