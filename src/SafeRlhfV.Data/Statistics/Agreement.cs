namespace SafeRlhfV.Data;

/// <summary>How far annotators agree beyond chance.</summary>
public static class Agreement
{
    /// <summary>
    /// Cohen's kappa of two annotators over the same items: (observed - expected) / (1 - expected) agreement. NaN without items; 1 where both
    /// always give one and the same label.
    /// </summary>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double CohenKappa<T>(IReadOnlyList<T> first, IReadOnlyList<T> second) where T : notnull
    {
        if (first.Count != second.Count) throw new ArgumentException($"{first.Count} labels against {second.Count}.", nameof(second));
        if (first.Count == 0) return double.NaN;
        double items = first.Count, observed = first.Zip(second).Count(pair => pair.First.Equals(pair.Second)) / items;
        double expected = first.Concat(second).Distinct().Sum(label => first.Count(other => other.Equals(label)) / items * (second.Count(other => other.Equals(label)) / items));
        return expected >= 1 ? 1 : (observed - expected) / (1 - expected);
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
            double between = labels.Where(label => label >= Math.Min(left, right) && label <= Math.Max(left, right)).Sum(label => counts[label]) - (counts[left] + counts[right]) / 2;
            return between * between;
        }

        double observed = compared.Sum(item => item.Sum(left => item.Sum(right => Distance(left, right))) / (item.Length - 1)) / total;
        double expected = labels.Sum(left => labels.Sum(right => counts[left] * counts[right] * Distance(left, right))) / (total * (total - 1));
        return expected == 0 ? 1 : 1 - observed / expected;
    }
}
