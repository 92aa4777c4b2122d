namespace SafeRlhfV.Evaluation;

/// <summary>Agreement between raters beyond chance.</summary>
public static class Agreement
{
    /// <summary>Share of items on which two raters gave the same label; NaN without items.</summary>
    public static double Observed(ReadOnlySpan<int> first, ReadOnlySpan<int> second)
    {
        Lengths.MustBeEqual(first.Length, second.Length);
        int equal = 0;
        for (int i = 0; i < first.Length; i++) if (first[i] == second[i]) equal++;
        return equal / (double)first.Length;
    }

    /// <summary>
    /// Cohen's kappa of two raters' labels 0..labels-1 (Cohen 1960; weighted: 1968): 1 - observed disagreement / disagreement by chance.
    /// NaN where chance leaves no disagreement (both raters always gave one same label).
    /// </summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double CohenKappa(ReadOnlySpan<int> first, ReadOnlySpan<int> second, int labels, KappaWeights weights = KappaWeights.None)
    {
        Lengths.MustBeEqual(first.Length, second.Length);
        double[] firstShare = new double[labels], secondShare = new double[labels];
        double observed = 0, expected = 0, count = first.Length;
        for (int i = 0; i < first.Length; i++)
        {
            firstShare[first[i]] += 1 / count;
            secondShare[second[i]] += 1 / count;
            observed += Weight(first[i], second[i], weights) / count;
        }
        for (int a = 0; a < labels; a++)
            for (int b = 0; b < labels; b++) expected += firstShare[a] * secondShare[b] * Weight(a, b, weights);
        return expected == 0 ? double.NaN : 1 - observed / expected;
    }

    /// <summary>
    /// Krippendorff's alpha of <paramref name="ratings"/> ([raters, units], NaN where a rater gave none): 1 - observed / expected disagreement
    /// over the pairable values (Krippendorff 2011). Units with fewer than two ratings are left out; NaN where all values are equal.
    /// </summary>
    public static double KrippendorffAlpha(double[,] ratings, MeasurementLevel level)
    {
        List<double[]> units = [];
        for (int unit = 0; unit < ratings.GetLength(1); unit++)
        {
            double[] given = [.. Enumerable.Range(0, ratings.GetLength(0)).Select(rater => ratings[rater, unit]).Where(rating => !double.IsNaN(rating))];
            if (given.Length >= 2) units.Add(given);
        }
        double[] values = [.. units.SelectMany(unit => unit).Distinct().Order()];
        Dictionary<double, int> indices = values.Select((value, index) => (value, index)).ToDictionary(pair => pair.value, pair => pair.index);
        double[] counts = new double[values.Length];
        double[,] coincidences = new double[values.Length, values.Length];
        foreach (double[] unit in units)
            for (int i = 0; i < unit.Length; i++)
            {
                counts[indices[unit[i]]]++;
                for (int j = 0; j < unit.Length; j++)
                    if (i != j) coincidences[indices[unit[i]], indices[unit[j]]] += 1.0 / (unit.Length - 1);
            }
        double total = counts.Sum(), observed = 0, expected = 0;
        for (int a = 0; a < values.Length; a++)
            for (int b = 0; b < values.Length; b++)
            {
                double distance = a == b ? 0 : Distance(values, counts, a, b, level);
                observed += coincidences[a, b] * distance;
                expected += counts[a] * counts[b] * distance / (total - 1);
            }
        return expected == 0 ? double.NaN : 1 - observed / expected;
    }

    private static double Weight(int a, int b, KappaWeights weights) => weights switch
    {
        KappaWeights.Linear => Math.Abs(a - b),
        KappaWeights.Quadratic => (a - b) * (a - b),
        _ => a == b ? 0 : 1,
    };

    private static double Distance(double[] values, double[] counts, int a, int b, MeasurementLevel level)
    {
        switch (level)
        {
            case MeasurementLevel.Nominal: return 1;
            case MeasurementLevel.Interval: return (values[a] - values[b]) * (values[a] - values[b]);
            default:
                double between = -(counts[a] + counts[b]) / 2;
                for (int v = Math.Min(a, b); v <= Math.Max(a, b); v++) between += counts[v];
                return between * between;
        }
    }
}
