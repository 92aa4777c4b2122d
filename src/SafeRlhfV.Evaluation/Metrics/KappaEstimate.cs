using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>Cohen's kappa with its interval.</summary>
public static class KappaEstimate
{
    private const int MostDraws = 1_000_000, FewestResamples = 200;

    /// <summary>
    /// Kappa over all labels with its 95 % percentile bootstrap over items: the labels of one item, as of several models' answers to it, are drawn together.
    /// NaN without labels; the interval is NaN where all resamples are alike.
    /// </summary>
    /// <param name="items">The labels of both raters, item by item.</param>
    /// <param name="random">The stream that draws.</param>
    public static Estimate Of<T>(IReadOnlyList<IReadOnlyList<(T First, T Second)>> items, RandomStream random) where T : notnull
    {
        double value = Kappa(items.SelectMany(item => item));
        int labels = items.Sum(item => item.Count);
        if (labels == 0) return new(double.NaN, double.NaN, double.NaN);
        double[] draws = new double[Math.Clamp(MostDraws / labels, FewestResamples, Bootstrap.DefaultResamples)];
        for (int r = 0; r < draws.Length; r++) draws[r] = Kappa(Enumerable.Range(0, items.Count).SelectMany(_ => items[random.NextInt(items.Count)]));
        return Bootstrap.Around(value, draws);
    }

    private static double Kappa<T>(IEnumerable<(T First, T Second)> labels) where T : notnull
    {
        (T First, T Second)[] all = [.. labels];
        return Agreement.CohenKappa([.. all.Select(one => one.First)], [.. all.Select(one => one.Second)]);
    }
}
