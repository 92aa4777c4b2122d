namespace SafeRlhfV.Data;

/// <summary>What a split came to.</summary>
/// <param name="Rows">Rows by split, in the order of the shares that were asked for.</param>
/// <param name="LargestGroup">Rows of the largest group of same or similar images. Every split is less than this away from its share.</param>
public sealed record SplitReport(IReadOnlyDictionary<string, long> Rows, int LargestGroup)
{
    /// <summary>The share of the rows that each split has, 0..1.</summary>
    public IReadOnlyDictionary<string, double> Shares => Rows.ToDictionary(pair => pair.Key, pair => pair.Value / Math.Max(1.0, Rows.Values.Sum()));
}
