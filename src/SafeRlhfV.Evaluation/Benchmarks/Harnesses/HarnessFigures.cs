namespace SafeRlhfV.Evaluation;

/// <summary>
/// Figures as other harnesses compute them, from the same answers and replies, so that published numbers can be compared. Restated from how they behave; where
/// they differ from ours is told in docs/benchmarks.md. No benchmark is scored by them.
/// </summary>
public static class HarnessFigures
{
    /// <summary>The harnesses that are known: lmms-eval 0.7.3 and VLMEvalKit (ms-vlmeval 0.0.20).</summary>
    public static IReadOnlyList<string> Names { get; } = ["lmms-eval", "vlmevalkit"];

    /// <summary>The figures of a harness.</summary>
    /// <param name="harness">One of <see cref="Names"/>.</param>
    /// <param name="benchmark">The benchmark's name.</param>
    /// <param name="form">How the texts are read by us: a harness that reads another kind of text has nothing to say.</param>
    /// <param name="items">The items with their texts.</param>
    /// <returns>Empty where the harness does not score the benchmark in that way.</returns>
    /// <exception cref="InvalidInputException">There is no such harness.</exception>
    public static IReadOnlyList<HarnessFigure> Of(string harness, string benchmark, ReplyForm form, IReadOnlyList<RawItem> items) => harness switch
    {
        "lmms-eval" => LmmsEval.Of(benchmark, form, items),
        "vlmevalkit" => VlmEvalKit.Of(benchmark, form, items),
        _ => throw new InvalidInputException($"--as {harness}: no such harness; there are {string.Join(" and ", Names)}."),
    };

    /// <summary>
    /// Benchmarks that a harness scores by a list of phrases of its own. The lists are other people's texts and are not restated here, so that these figures
    /// are missing; the tool's own phrases give other ones (see docs/benchmarks.md).
    /// </summary>
    public static IReadOnlyList<(string Harness, string Benchmark)> ByOwnPhrases { get; } = [("lmms-eval", "holisafe"), ("vlmevalkit", "xstest")];

    /// <summary>What a harness reads of the answers, put into our own figures where only the reading differs.</summary>
    internal static IEnumerable<Figure> Read(IReadOnlyList<RawItem> items, Func<RawItem, string?> read,
        Func<IReadOnlyList<ScoredItem>, IReadOnlyList<Figure>> measure) => measure([.. items.Select(item => new ScoredItem(item.Id, item.Facts, read(item)))]);

    /// <summary>All items and the parts of a fact's values.</summary>
    internal static IEnumerable<(IReadOnlyList<(string, string)> By, RawItem[] Items)> Parts(IReadOnlyList<RawItem> items, params string[] facts)
    {
        yield return ([], [.. items]);
        foreach (string fact in facts)
            foreach (IGrouping<string, RawItem> group in items.SelectMany(item => (fact == ScoredItem.Capabilities ? item[fact].Split(',') : [item[fact]])
                .Where(value => value.Length > 0).Select(value => (value, item))).GroupBy(one => one.value, one => one.item))
                yield return ([(fact == ScoredItem.Capabilities ? "capability" : fact, group.Key)], [.. group]);
    }
}
