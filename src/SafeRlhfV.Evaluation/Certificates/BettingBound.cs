namespace SafeRlhfV.Evaluation;

/// <summary>
/// The upper betting bound on a mean (Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting"): a gambler bets against each
/// candidate m that costs come out below it. A mean that lets the gambler win 1/δ is rejected; the bound is the smallest rejected m. It holds for any
/// distribution on the range, if the order of the costs does not depend on their values: shuffle them first.
/// </summary>
public sealed record BettingBound
{
    /// <summary>The bound: the smallest rejected mean on the grid, which rounds up.</summary>
    public required double Upper { get; init; }

    /// <summary>The same without a grid.</summary>
    public required double Root { get; init; }

    /// <summary>The gambler's best log wealth against the budget, at least 0.</summary>
    public required double LogWealth { get; init; }

    /// <summary>The p-value for the claim that the mean is at most the budget: 1 / wealth.</summary>
    public double PValue => Math.Exp(-LogWealth);

    /// <summary>The bets, before their cap: each depends on the costs before it alone.</summary>
    public required IReadOnlyList<double> Bets { get; init; }

    /// <summary>Computes the bound.</summary>
    /// <param name="costs">The costs, in an order that does not depend on their values.</param>
    /// <param name="range">The range that they lie in.</param>
    /// <param name="delta">δ.</param>
    /// <param name="budget">The mean that is allowed, within the range.</param>
    /// <param name="cap">c: a bet may lose at most this share of the wealth.</param>
    /// <param name="grid">Candidates are the multiples of width / grid.</param>
    public static BettingBound Of(ReadOnlySpan<double> costs, CostRange range, double delta, double budget, double cap = .5, int grid = 1000)
    {
        double[] x = new double[costs.Length];
        for (int i = 0; i < x.Length; i++) x[i] = (costs[i] - range.Low) / range.Width;
        double[] bets = BetsOn(x, delta);
        double enough = Math.Log(1 / delta);
        bool Rejected(double m) => BestLogWealth(x, bets, m, cap) >= enough;

        // the wealth against m grows with m
        double upper = 1, root = 1;
        if (Rejected(1))
        {
            root = Distributions.Crossing(0, 1, Rejected);
            int low = 0, high = grid;
            while (high - low > 1)
            {
                int middle = low + (high - low) / 2;
                (low, high) = Rejected((double)middle / grid) ? (low, middle) : (middle, high);
            }
            upper = (double)high / grid;
        }
        return new()
        {
            Upper = range.Low + range.Width * upper,
            Root = range.Low + range.Width * root,
            LogWealth = BestLogWealth(x, bets, (budget - range.Low) / range.Width, cap),
            Bets = bets,
        };
    }

    // a bet sees the costs before it alone; the prior is one cost of 1/2 with variance 1/4
    private static double[] BetsOn(double[] x, double delta)
    {
        double[] bets = new double[x.Length];
        double sum = .5, squares = .25, variance = .25;
        for (int t = 0; t < x.Length; t++)
        {
            bets[t] = Math.Sqrt(2 * Math.Log(1 / delta) / (x.Length * variance));
            sum += x[t];
            double mean = sum / (t + 2);
            squares += (x[t] - mean) * (x[t] - mean);
            variance = squares / (t + 2);
        }
        return bets;
    }

    private static double BestLogWealth(double[] x, double[] bets, double m, double cap)
    {
        double most = m < 1 ? cap / (1 - m) : double.PositiveInfinity, wealth = 0, best = 0;
        for (int t = 0; t < x.Length; t++)
        {
            wealth += Math.Log(1 - Math.Min(bets[t], most) * (x[t] - m));
            best = Math.Max(best, wealth);
        }
        return best;
    }
}
