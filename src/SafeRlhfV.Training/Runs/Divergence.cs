namespace SafeRlhfV.Training;

/// <summary>Finds metrics that say that a run has diverged.</summary>
internal static class Divergence
{
    /// <summary>What to try.</summary>
    public const string Advice = "the run has diverged; try a lower learning rate, a smaller gradient norm limit or float32; "
        + "if its first step is like that, look for broken weights in the model that it began from (model info --load).";

    /// <summary>The first such metric with its value, in words; null = there is none.</summary>
    public static string? In(IReadOnlyDictionary<string, double> metrics) =>
        metrics.FirstOrDefault(pair => IsBad(pair.Key, pair.Value)) is { Key: { } bad } pair ? $"{bad} is {pair.Value}" : null;

    // an infinite multiplier or perplexity may be meant; an infinite loss or gradient never is
    private static bool IsBad(string name, double value) => double.IsNaN(value)
        || (double.IsInfinity(value) && (name.EndsWith("loss", StringComparison.Ordinal) || name.EndsWith("norm", StringComparison.Ordinal)));
}
