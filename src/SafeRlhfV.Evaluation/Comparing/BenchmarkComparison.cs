namespace SafeRlhfV.Evaluation;

/// <summary>One benchmark over the models that have it, on the items that all of them have.</summary>
/// <param name="Benchmark">Its name.</param>
/// <param name="Models">The models; differences are to the first.</param>
/// <param name="Items">Items that are compared.</param>
/// <param name="LeftOut">Items of each model that another does not have, or has with another question or image.</param>
/// <param name="Scorers">The scorers that all have.</param>
/// <param name="Notes">What else could not be compared.</param>
public sealed record BenchmarkComparison(string Benchmark, IReadOnlyList<string> Models, int Items, IReadOnlyList<int> LeftOut,
    IReadOnlyList<ScorerComparison> Scorers, IReadOnlyList<string> Notes);
