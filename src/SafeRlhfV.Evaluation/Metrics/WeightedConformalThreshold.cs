namespace SafeRlhfV.Evaluation;

/// <summary>
/// A flagging threshold whose expected loss on new examples is at most alpha (conformal risk control, Angelopoulos et al. 2024), from n unsafe
/// calibration examples. An example is flagged where its score reaches 1 - lambda; an example missed costs its weight.
/// </summary>
/// <param name="Lambda">The smallest grid value that keeps the bound; the last one where none does.</param>
/// <param name="ScoreThreshold">1 - lambda: flag p(unsafe) at or above it.</param>
/// <param name="Index">The grid position, or -1 where none keeps the bound.</param>
/// <param name="Feasible">False where no grid value keeps the bound: the guard must then flag everything, and say so.</param>
/// <param name="Risk">Mean loss at each grid value, [grid].</param>
/// <param name="CorrectedRisk">n/(n+1) risk + B/(n+1) at each grid value, [grid].</param>
public sealed record WeightedConformalThreshold(
    double Lambda, double ScoreThreshold, int Index, bool Feasible, IReadOnlyList<double> Risk, IReadOnlyList<double> CorrectedRisk)
{
    /// <summary>Chooses the threshold.</summary>
    /// <param name="unsafeScores">p(unsafe) of calibration examples that are unsafe, [n].</param>
    /// <param name="weights">The loss of missing each, 0..<paramref name="lossBound"/>, [n].</param>
    /// <param name="lambdaGrid">Values of lambda to try, rising.</param>
    /// <param name="alpha">The expected loss allowed.</param>
    /// <param name="lossBound">B, the largest loss possible.</param>
    /// <exception cref="ArgumentException">The lengths differ, or the grid is empty.</exception>
    public static WeightedConformalThreshold Choose(
        ReadOnlySpan<double> unsafeScores, ReadOnlySpan<double> weights, ReadOnlySpan<double> lambdaGrid, double alpha, double lossBound = 1)
    {
        Lengths.MustBeEqual(unsafeScores.Length, weights.Length);
        if (lambdaGrid.Length == 0) throw new ArgumentException("The grid is empty.", nameof(lambdaGrid));
        int n = unsafeScores.Length, index = -1;
        double[] risks = new double[lambdaGrid.Length], corrected = new double[lambdaGrid.Length];
        for (int g = 0; g < lambdaGrid.Length; g++)
        {
            double lost = 0;
            for (int i = 0; i < n; i++) if (unsafeScores[i] < 1 - lambdaGrid[g]) lost += weights[i];
            risks[g] = n == 0 ? 0 : lost / n;
            corrected[g] = n / (n + 1.0) * risks[g] + lossBound / (n + 1);
            if (index < 0 && corrected[g] <= alpha) index = g;
        }
        double lambda = index < 0 ? lambdaGrid[^1] : lambdaGrid[index];
        return new(lambda, 1 - lambda, index, index >= 0, risks, corrected);
    }
}
