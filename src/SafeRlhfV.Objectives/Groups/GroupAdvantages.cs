namespace SafeRlhfV.Objectives;

/// <summary>
/// Advantages without a critic: an answer is measured against other answers to its prompt. Under constraints, each component is standardised within its group
/// first and combined afterwards: standardising R - Σ λ C instead would let the components' deviations reweight them in silence. Arrays hold the groups one
/// after another, each of as many answers as the others. Everything is computed in float64 on the host.
/// </summary>
public static class GroupAdvantages
{
    private const double LeastDeviation = 1e-4;

    /// <summary>Z of one component.</summary>
    /// <param name="values">The component of each answer; what stands where the answer does not count does not matter.</param>
    /// <param name="counts">Whether each answer counts: one that was not scored does not.</param>
    /// <param name="groupSize">Answers of a group, G.</param>
    /// <param name="baseline">How.</param>
    /// <param name="degreesOfFreedom">What is taken from the number of values under the deviation: 1 or 0.</param>
    /// <exception cref="ArgumentException">The lengths are no whole number of groups.</exception>
    public static GroupComponent Standardise(
        ReadOnlySpan<double> values, ReadOnlySpan<bool> counts, int groupSize, GroupBaseline baseline, int degreesOfFreedom = 1)
    {
        if (groupSize < 1 || values.Length % groupSize != 0 || counts.Length != values.Length)
            throw new ArgumentException($"{values.Length} values, {counts.Length} flags: each answer has one of each, in groups of {groupSize}.");
        int groups = values.Length / groupSize;
        double[] scores = new double[values.Length], means = new double[groups], deviations = new double[groups];
        bool[] isConstant = new bool[groups];
        double batch = baseline == GroupBaseline.BatchStd ? Deviation(Counted(values, counts), degreesOfFreedom) : 0;
        for (int group = 0; group < groups; group++)
        {
            Range range = (group * groupSize)..((group + 1) * groupSize);
            double[] counted = Counted(values[range], counts[range]);
            means[group] = counted.Length == 0 ? 0 : counted.Average();
            // not deviation = 0: the mean of equal values may be another number, whose noise the division would blow up
            isConstant[group] = counted.Length == 0 || counted.Max() == counted.Min();
            if (isConstant[group]) continue;
            deviations[group] = Deviation(counted, degreesOfFreedom);
            for (int at = range.Start.Value; at < range.End.Value; at++)
                if (counts[at]) scores[at] = Score(values[at], counted.Length, means[group], deviations[group]);
        }
        return new(scores, means, deviations, isConstant);

        double Score(double value, int count, double mean, double deviation) => baseline switch
        {
            GroupBaseline.Group => (value - mean) / (deviation + LeastDeviation),
            GroupBaseline.Loo => value - (mean * count - value) / (count - 1),
            GroupBaseline.GroupMeanOnly => value - mean,
            _ => (value - mean) / (batch + LeastDeviation),
        };
    }

    /// <summary>A = (Z_R - Σ λ_k Z_{C_k}) / (1 + Σ λ_k): the scale stays the same however large the multipliers grow.</summary>
    /// <param name="reward">Z_R of each answer.</param>
    /// <param name="costs">Z_{C_k} of each answer, one array a cost.</param>
    /// <param name="lambdas">The multiplier of each cost.</param>
    /// <exception cref="ArgumentException">There are not as many multipliers as costs.</exception>
    public static double[] Combine(double[] reward, IReadOnlyList<double[]> costs, ReadOnlySpan<double> lambdas)
    {
        if (costs.Count != lambdas.Length) throw new ArgumentException($"{costs.Count} costs, and {lambdas.Length} multipliers.");
        double[] advantages = [.. reward];
        double sum = 1;
        for (int k = 0; k < costs.Count; k++)
        {
            sum += lambdas[k];
            for (int at = 0; at < advantages.Length; at++) advantages[at] -= lambdas[k] * costs[k][at];
        }
        for (int at = 0; at < advantages.Length; at++) advantages[at] /= sum;
        return advantages;
    }

    /// <summary>R - Σ λ_k C_k of each answer: what a trainer without constraints would standardise. For comparison.</summary>
    /// <param name="rewards">R of each answer.</param>
    /// <param name="costs">C_k of each answer, one array a cost.</param>
    /// <param name="lambdas">The multiplier of each cost.</param>
    public static double[] Scalarise(ReadOnlySpan<double> rewards, IReadOnlyList<double[]> costs, ReadOnlySpan<double> lambdas)
    {
        double[] scalars = rewards.ToArray();
        for (int k = 0; k < costs.Count; k++)
            for (int at = 0; at < scalars.Length; at++) scalars[at] -= lambdas[k] * costs[k][at];
        return scalars;
    }

    /// <summary>1 where the cost is above the threshold, else 0.</summary>
    public static double[] Violations(ReadOnlySpan<double> costs, double threshold)
    {
        double[] violations = new double[costs.Length];
        for (int at = 0; at < costs.Length; at++) violations[at] = costs[at] > threshold ? 1 : 0;
        return violations;
    }

    private static double[] Counted(ReadOnlySpan<double> values, ReadOnlySpan<bool> counts)
    {
        List<double> counted = [];
        for (int at = 0; at < values.Length; at++)
            if (counts[at]) counted.Add(values[at]);
        return [.. counted];
    }

    private static double Deviation(double[] values, int degreesOfFreedom)
    {
        if (values.Length <= degreesOfFreedom) return 0;
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - degreesOfFreedom));
    }
}
