namespace SafeRlhfV.Evaluation;

/// <summary>How well stated probabilities agree with what happened, in equal-width bins.</summary>
/// <param name="ExpectedError">Expected calibration error: |mean probability - rate of positives| weighted by each bin's share.</param>
/// <param name="MaximumError">The largest such gap over the bins that hold anything.</param>
/// <param name="Brier">Mean squared difference between probability and label.</param>
/// <param name="BinCounts">Rows a bin, [bins].</param>
/// <param name="BinMeanProbabilities">Mean probability a bin, 0 where it is empty, [bins].</param>
/// <param name="BinPositiveRates">Rate of positives a bin, 0 where it is empty, [bins].</param>
public sealed record Calibration(
    double ExpectedError,
    double MaximumError,
    double Brier,
    IReadOnlyList<int> BinCounts,
    IReadOnlyList<double> BinMeanProbabilities,
    IReadOnlyList<double> BinPositiveRates)
{
    /// <summary>Measures probabilities in 0..1 against labels (both [rows]); a probability p falls into bin min(floor(p n), n - 1).</summary>
    /// <exception cref="ArgumentException">The lengths differ, or a probability is outside 0..1.</exception>
    public static Calibration Measure(ReadOnlySpan<double> probabilities, ReadOnlySpan<bool> positive, int bins = 10)
    {
        Lengths.MustBeEqual(probabilities.Length, positive.Length);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bins);
        int[] counts = new int[bins];
        double[] sums = new double[bins], positives = new double[bins];
        double squares = 0;
        for (int i = 0; i < probabilities.Length; i++)
        {
            double p = probabilities[i], label = positive[i] ? 1 : 0;
            if (!(p >= 0 && p <= 1)) throw new ArgumentException($"Entry {i} is {p}, not a probability.", nameof(probabilities));
            int bin = Math.Min((int)Math.Floor(p * bins), bins - 1);
            counts[bin]++;
            sums[bin] += p;
            positives[bin] += label;
            squares += (p - label) * (p - label);
        }
        double expected = 0, maximum = 0;
        for (int bin = 0; bin < bins; bin++)
        {
            if (counts[bin] == 0) continue;
            sums[bin] /= counts[bin];
            positives[bin] /= counts[bin];
            double gap = Math.Abs(sums[bin] - positives[bin]);
            expected += gap * counts[bin] / probabilities.Length;
            maximum = Math.Max(maximum, gap);
        }
        return new(probabilities.Length == 0 ? double.NaN : expected, maximum, squares / probabilities.Length, counts, sums, positives);
    }
}
