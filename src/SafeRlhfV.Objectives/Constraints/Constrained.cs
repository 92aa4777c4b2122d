namespace SafeRlhfV.Objectives;

/// <summary>Several constraints where a trainer has one cost critic.</summary>
public static class Constrained
{
    /// <summary>
    /// Σ λ_k C_k / Σ λ_k of each answer: one cost that stands for all. With Λ = Σ λ_k, advantages that are linear in the cost, as GAE's are, give
    /// (A_R - Λ A_C) / (1 + Λ) = (A_R - Σ λ_k A_{C_k}) / (1 + Σ λ_k). One cost is itself, to the bit. Where all λ are 0, the mean.
    /// </summary>
    /// <param name="costs">C_k of each answer, one array a constraint.</param>
    /// <param name="lambdas">λ_k.</param>
    /// <exception cref="ArgumentException">There are not as many multipliers as costs, or none.</exception>
    public static double[] Join(IReadOnlyList<double[]> costs, IReadOnlyList<double> lambdas)
    {
        if (costs.Count == 0 || costs.Count != lambdas.Count) throw new ArgumentException($"{costs.Count} costs, and {lambdas.Count} multipliers.");
        if (costs.Count == 1) return [.. costs[0]];
        double sum = lambdas.Sum();
        double[] joined = new double[costs[0].Length];
        for (int k = 0; k < costs.Count; k++)
        {
            double weight = sum > 0 ? lambdas[k] / sum : 1.0 / costs.Count;
            for (int at = 0; at < joined.Length; at++) joined[at] += weight * costs[k][at];
        }
        return joined;
    }
}
