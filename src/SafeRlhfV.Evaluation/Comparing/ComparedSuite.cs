namespace SafeRlhfV.Evaluation;

/// <summary>One benchmark of a result.</summary>
/// <param name="Benchmark">The benchmark.</param>
/// <param name="Data">Where its files were.</param>
/// <param name="Images">Where its images were, where they lay apart.</param>
/// <param name="Subset">Whether only the smaller part was read.</param>
/// <param name="Baseline">The model that pairs were compared with; null without one.</param>
/// <param name="Identities">All that could change a verdict, by scorer.</param>
/// <param name="Items">The items.</param>
public sealed record ComparedSuite(IBenchmark Benchmark, string Data, string? Images, bool Subset, string? Baseline,
    IReadOnlyDictionary<string, string> Identities, IReadOnlyList<ResultItem> Items)
{
    /// <summary>The benchmark's name.</summary>
    public string Name => Benchmark.Name;
}
