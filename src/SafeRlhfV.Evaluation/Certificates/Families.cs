namespace SafeRlhfV.Evaluation;

/// <summary>Several claims tested together: the chance that any false one is certified stays at most δ.</summary>
public static class Families
{
    /// <summary>Bonferroni: each p-value times the number of claims, at most 1.</summary>
    public static double[] Bonferroni(IReadOnlyList<double> pValues) => [.. pValues.Select(p => Math.Min(1, p * pValues.Count))];

    /// <summary>
    /// Holm (1979): in ascending order the r-th p-value of m times m - r + 1, never below the one before. A claim holds where its adjusted value is at most δ.
    /// </summary>
    /// <returns>The adjusted p-values, in the order given.</returns>
    public static double[] Holm(IReadOnlyList<double> pValues)
    {
        int[] order = [.. Enumerable.Range(0, pValues.Count).OrderBy(i => pValues[i])];
        double[] adjusted = new double[order.Length];
        double largest = 0;
        for (int rank = 0; rank < order.Length; rank++)
        {
            largest = Math.Max(largest, Math.Min(1, (order.Length - rank) * pValues[order[rank]]));
            adjusted[order[rank]] = largest;
        }
        return adjusted;
    }
}
