namespace SafeRlhfV.Evaluation;

/// <summary>Percentile bootstrap over prompts (Efron 1979; quantiles by linear interpolation, type 7 of Hyndman and Fan 1996).</summary>
public static class Bootstrap
{
    /// <summary>Resamples unless told otherwise: the ends of a 95 % interval then rest on 50 resamples each.</summary>
    public const int DefaultResamples = 2000;

    /// <summary>The mean of <paramref name="values"/> with its percentile interval; all NaN without values.</summary>
    public static Estimate Mean(ReadOnlySpan<double> values, RandomStream random, int resamples = DefaultResamples, double confidence = 0.95)
    {
        if (values.Length == 0) return new(double.NaN, double.NaN, double.NaN);
        int count = values.Length;
        (double low, double high) = Interval(Means(values, resamples, () => random.NextInt(count)), confidence);
        return new(MeanOf(values), low, high);
    }

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
