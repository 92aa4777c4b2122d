namespace SafeRlhfV.Data;

/// <summary>How far annotators agree beyond chance.</summary>
public static class Agreement
{
    /// <summary>Share of equal labels among all pairs of labels of an item; NaN without such a pair.</summary>
    /// <param name="items">The labels that each item got, from any number of annotators.</param>
    public static double Observed(IEnumerable<IReadOnlyList<double>> items)
    {
        double equal = 0, all = 0;
        foreach (IReadOnlyList<double> given in items)
            for (int i = 0; i < given.Count; i++)
                for (int j = 0; j < i; j++, all++)
                    if (given[i] == given[j]) equal++;
        return equal / all;
    }

    /// <summary>
    /// Cohen's kappa of two annotators over the same items (Cohen 1960; weighted: 1968): 1 - observed disagreement / disagreement by chance. NaN without items;
    /// 1 where both always give one and the same label.
    /// </summary>
    /// <param name="first">The labels of one.</param>
    /// <param name="second">The labels of the other.</param>
    /// <param name="weight">What two different labels count, such as |a - b|; left out = 1.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double CohenKappa<T>(IReadOnlyList<T> first, IReadOnlyList<T> second, Func<T, T, double>? weight = null) where T : notnull
    {
        if (first.Count != second.Count) throw new ArgumentException($"{first.Count} labels against {second.Count}.", nameof(second));
        if (first.Count == 0) return double.NaN;
        Dictionary<T, int> firstCounts = Counts(first), secondCounts = Counts(second);
        double items = first.Count, observed = first.Zip(second).Sum(pair => Weight(pair.First, pair.Second)) / items;
        double expected = firstCounts.Sum(one => secondCounts.Sum(other => one.Value / items * (other.Value / items) * Weight(one.Key, other.Key)));
        return expected == 0 ? 1 : 1 - observed / expected;

        double Weight(T left, T right) => left.Equals(right) ? 0 : weight?.Invoke(left, right) ?? 1;
        static Dictionary<T, int> Counts(IReadOnlyList<T> labels) => labels.CountBy(label => label).ToDictionary();
    }

    /// <summary>
    /// Krippendorff's alpha: 1 - observed / expected disagreement over all pairs of labels of an item (Krippendorff 2011). Items with fewer
    /// than two labels do not count. NaN where nothing can be compared; 1 where all labels are equal.
    /// </summary>
    /// <param name="items">The labels that each item got, from any number of annotators.</param>
    /// <param name="metric">Nominal: labels differ or not. Interval: squared differences. Ordinal: squared differences of ranks.</param>
    public static double KrippendorffAlpha(IEnumerable<IReadOnlyList<double>> items, AgreementMetric metric)
    {
        double[][] compared = [.. items.Where(item => item.Count > 1).Select(item => item.ToArray())];
        double total = compared.Sum(item => item.Length);
        if (total == 0) return double.NaN;
        SortedDictionary<double, double> counts = [];
        foreach (double label in compared.SelectMany(item => item)) counts[label] = counts.GetValueOrDefault(label) + 1;
        double[] labels = [.. counts.Keys];

        double Distance(double left, double right)
        {
            if (left == right) return 0;
            if (metric == AgreementMetric.Nominal) return 1;
            if (metric == AgreementMetric.Interval) return (left - right) * (left - right);
            double between = labels.Where(label => label >= Math.Min(left, right) && label <= Math.Max(left, right)).Sum(label => counts[label])
                - (counts[left] + counts[right]) / 2;
            return between * between;
        }

        double observed = compared.Sum(item => item.Sum(left => item.Sum(right => Distance(left, right))) / (item.Length - 1)) / total;
        double expected = labels.Sum(left => labels.Sum(right => counts[left] * counts[right] * Distance(left, right))) / (total * (total - 1));
        return expected == 0 ? 1 : 1 - observed / expected;
    }
}
