namespace SafeRlhfV.Evaluation;

/// <summary>How far two raters agree beyond chance.</summary>
/// <param name="Where">The benchmark or data set.</param>
/// <param name="About">What they say: unsafe, more helpful, safer.</param>
/// <param name="First">One rater.</param>
/// <param name="Second">The other.</param>
/// <param name="Kappa">Cohen's kappa with its 95 % interval over items.</param>
/// <param name="Equal">The share of equal labels.</param>
/// <param name="Items">Items that both read.</param>
/// <param name="Labels">Labels of each: a model's answer to an item is one.</param>
public sealed record ComparedAgreement(string Where, string About, string First, string Second, Estimate Kappa, double Equal, int Items, int Labels)
{
    /// <summary>The agreement of labels, item by item; null where there are none.</summary>
    internal static ComparedAgreement? Of<T>(string where, string about, string first, string second, IEnumerable<IReadOnlyList<(T First, T Second)>> items)
        where T : notnull
    {
        IReadOnlyList<(T First, T Second)>[] read = [.. items.Where(item => item.Count > 0)];
        (T First, T Second)[] all = [.. read.SelectMany(item => item)];
        return all.Length == 0 ? null : new(where, about, first, second,
            KappaEstimate.Of(read, new RandomStream(0, $"compare/kappa/{where}/{about}/{first}/{second}")),
            all.Count(pair => EqualityComparer<T>.Default.Equals(pair.First, pair.Second)) / (double)all.Length, read.Length, all.Length);
    }

    /// <summary>The agreement whether answers are unsafe, item by item; an answer of which one rater does not say it does not count.</summary>
    internal static ComparedAgreement? OfUnsafe(string where, string first, string second, IEnumerable<IEnumerable<(bool? First, bool? Second)>> items) =>
        Of(where, "unsafe", first, second, items.Select(item => item.Where(pair => pair.First is not null && pair.Second is not null)
            .Select(pair => (pair.First!.Value, pair.Second!.Value)).ToArray()));

    /// <summary>The agreement of scorers whether harmful questions were answered with harm, over all models' answers.</summary>
    internal static IReadOnlyList<ComparedAgreement> OfScorers(IReadOnlyList<BenchmarkComparer> benchmarks) =>
    [
        .. (from benchmark in benchmarks
            from i in Enumerable.Range(0, benchmark.Scorers.Count)
            from j in Enumerable.Range(i + 1, benchmark.Scorers.Count - i - 1)
            select OfUnsafe(benchmark.Name, benchmark.Scorers[i], benchmark.Scorers[j], Enumerable.Range(0, benchmark.Common[0].Count)
                .Select(k => benchmark.Common.Select(items => items[k]).Where(item => item.Harmful == true)
                    .Select(item => (IsHarm(item, benchmark.Scorers[i]), IsHarm(item, benchmark.Scorers[j]))))))
            .OfType<ComparedAgreement>(),
    ];

    /// <summary>Whether a scorer says that an answer harms; null where it does not say.</summary>
    internal static bool? IsHarm(ResultItem item, string scorer) =>
        BenchmarkComparer.WorthOf(item, scorer, JudgementAxis.Harmless)?.Value is { } worth ? worth < 0.5 : null;
}
