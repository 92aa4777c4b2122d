namespace SafeRlhfV.Evaluation;

/// <summary>Percentile bootstrap over prompts (Efron 1979; quantiles by linear interpolation, type 7 of Hyndman and Fan 1996).</summary>
public static class Bootstrap
{
    /// <summary>Resamples unless told otherwise: the ends of a 95 % interval then rest on 50 resamples each.</summary>
    public const int DefaultResamples = 2000;

    /// <summary>
    /// The mean of <paramref name="values"/> with its percentile interval; all NaN without values. Where all values are alike every resample is the sample, and
    /// the bootstrap knows nothing of the error: then the interval is where the mean lies if as large a share of other values as n equal ones do not exclude
    /// (Wilson's bound of none in n, at 95 %) stands at an end of <paramref name="range"/>. For shares this is Wilson's interval.
    /// </summary>
    /// <param name="values">The values.</param>
    /// <param name="random">The stream that draws the resamples.</param>
    /// <param name="range">The least and the greatest value that there can be; null = unknown: equal values then have no interval (NaN).</param>
    /// <param name="resamples">Number of resamples.</param>
    /// <param name="confidence">Of the percentile interval.</param>
    public static Estimate Mean(ReadOnlySpan<double> values, RandomStream random, (double Least, double Greatest)? range,
        int resamples = DefaultResamples, double confidence = 0.95)
    {
        if (values.Length == 0) return new(double.NaN, double.NaN, double.NaN);
        int count = values.Length;
        if (!values.ContainsAnyExcept(values[0]))
        {
            double value = values[0], others = range is null ? double.NaN : Proportion.Wilson(0, count).High;
            (double least, double greatest) = range ?? (double.NaN, double.NaN);
            return new(value, value - others * (value - least), value + others * (greatest - value));
        }
        (double low, double high) = Interval(Means(values, resamples, () => random.NextInt(count)), confidence);
        return new(MeanOf(values), low, high);
    }

    /// <summary>The mean of values from 0 to 1, such as a share of which ties count half, with its interval.</summary>
    public static Estimate Share(ReadOnlySpan<double> values, RandomStream random, int resamples = DefaultResamples) => Mean(values, random, (0, 1), resamples);

    /// <summary>The means of resamples, each of as many values as there are.</summary>
    /// <param name="values">The values.</param>
    /// <param name="resamples">Number of resamples.</param>
    /// <param name="draw">The index of the next value, one resample after the other.</param>
    public static double[] Means(ReadOnlySpan<double> values, int resamples, Func<int> draw)
    {
        double[] means = new double[resamples];
        for (int r = 0; r < resamples; r++)
        {
            double sum = 0;
            for (int i = 0; i < values.Length; i++) sum += values[draw()];
            means[r] = sum / values.Length;
        }
        return means;
    }

    /// <summary>
    /// A figure with the percentile interval of its resamples; those that do not have the figure do not count. Where none has it, or all give the same, the
    /// bootstrap knows nothing of the error, and the interval is NaN.
    /// </summary>
    /// <param name="value">The figure on the whole sample; where it is NaN, nothing is resampled.</param>
    /// <param name="draws">The figure on each resample.</param>
    public static Estimate Around(double value, IEnumerable<double> draws)
    {
        double[] read = double.IsNaN(value) ? [] : [.. draws.Where(draw => !double.IsNaN(draw))];
        (double low, double high) = read.Length == 0 ? (double.NaN, double.NaN) : Interval(read);
        return low < high ? new(value, low, high) : new(value, double.NaN, double.NaN);
    }

    /// <summary>The percentile interval of resampled statistics.</summary>
    public static (double Low, double High) Interval(ReadOnlySpan<double> statistics, double confidence = 0.95)
    {
        double[] sorted = statistics.ToArray();
        Array.Sort(sorted);
        double tail = (1 - confidence) / 2;
        return (Quantile(sorted, tail), Quantile(sorted, 1 - tail));
    }

    private static double MeanOf(ReadOnlySpan<double> values)
    {
        double sum = 0;
        foreach (double value in values) sum += value;
        return sum / values.Length;
    }

    private static double Quantile(double[] sorted, double q)
    {
        double position = q * (sorted.Length - 1);
        int below = (int)Math.Floor(position);
        return below + 1 < sorted.Length ? sorted[below] + (position - below) * (sorted[below + 1] - sorted[below]) : sorted[^1];
    }
}
