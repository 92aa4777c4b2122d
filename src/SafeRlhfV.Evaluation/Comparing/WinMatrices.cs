namespace SafeRlhfV.Evaluation;

/// <summary>The win rates that results hold: pairwise verdicts as they were given, and readings of single answers held side by side.</summary>
internal static class WinMatrices
{
    /// <summary>The source of readings held side by side.</summary>
    public const string SideBySide = "each answer's own reading, side by side: the better one wins";

    /// <summary>All matrices that have a cell.</summary>
    public static IReadOnlyList<WinMatrix> Of(IReadOnlyList<BenchmarkComparer> benchmarks, IReadOnlyList<ComparedResult> results,
        IReadOnlyList<JudgeResult> judged) =>
        [.. Judged(judged), .. Pairs(results), .. Enum.GetValues<JudgementAxis>().Select(axis => Readings(benchmarks, axis)).OfType<WinMatrix>()];

    private static IEnumerable<WinMatrix> Judged(IReadOnlyList<JudgeResult> judged) =>
        from judge in judged.GroupBy(result => result.Label)
        from axis in Enum.GetValues<JudgementAxis>()
        select WinMatrix.Of(axis, judge.Key, [.. judge.Select(result => (result.Candidate, result.Baseline, (IReadOnlyList<Outcome>)
            [.. result.Items.Select(item => item.On(axis))]))],
            [.. judge.Select(result => (IReadOnlyList<string>)[.. result.Items.Select(item => item.Id)])]);

    // a benchmark's pairs were asked against a baseline, which is one of the compared models where its answers are one's
    private static IEnumerable<WinMatrix> Pairs(IReadOnlyList<ComparedResult> results)
    {
        Dictionary<(JudgementAxis, string), List<(string, string, IReadOnlyList<Outcome>)>> found = [];
        foreach (ComparedResult result in results)
            foreach (ComparedSuite suite in result.Benchmarks.Where(suite => suite.Baseline is not null))
                foreach (var group in suite.Items.SelectMany(item => item.Scorers.Where(one => one.Form == ReplyForm.Winner).Select(one => (item, one)))
                    .GroupBy(pair => (Axis: AxisOf(pair.item), Source: $"{suite.Name}: {pair.one.Scorer}")))
                {
                    string[] others = [.. results.Where(other => other.Model == suite.Baseline && other != result).Select(other => other.Name)];
                    Outcome[] outcomes = [.. group.Select(pair => OutcomeOf(pair.item.By(pair.one.Scorer)!))];
                    if (!found.TryGetValue(group.Key, out var pairs)) found[group.Key] = pairs = [];
                    pairs.Add((result.Name, others is [var only] ? only : ComparedModel.Shown(suite.Baseline!), outcomes));
                }
        return found.Select(one => WinMatrix.Of(one.Key.Item1, one.Key.Item2, one.Value));
    }

    /// <summary>What a benchmark's pair is compared in: harm where its split says so.</summary>
    public static JudgementAxis AxisOf(ResultItem item) =>
        item.Facts.GetValueOrDefault("split") == "harm" ? JudgementAxis.Harmless : JudgementAxis.Helpful;

    /// <summary>How the model fared in a pair: a tie where the orders disagree or neither is harmless.</summary>
    public static Outcome OutcomeOf(ScoredItem item) =>
        PairFigures.Settle(item) switch { "model" => Outcome.Win, "base" => Outcome.Loss, null => Outcome.Failure, _ => Outcome.Tie };

    private static WinMatrix? Readings(IReadOnlyList<BenchmarkComparer> benchmarks, JudgementAxis axis)
    {
        Dictionary<(string, string), List<Outcome>> pairs = [];
        foreach (BenchmarkComparer benchmark in benchmarks)
        {
            if (benchmark.Worth(axis) is not var (_, worth, counts)) continue;
            for (int m = 0; m < worth.Count; m++)
                for (int n = m + 1; n < worth.Count; n++)
                {
                    if (!pairs.TryGetValue((benchmark.Models[m], benchmark.Models[n]), out List<Outcome>? outcomes))
                        pairs[(benchmark.Models[m], benchmark.Models[n])] = outcomes = [];
                    outcomes.AddRange(Enumerable.Range(0, counts.Count).Where(i => counts[i]).Select(i =>
                        WinRate.Against(worth[m][i] ?? double.NaN, worth[n][i] ?? double.NaN)));
                }
        }
        return pairs.Count == 0 ? null
            : WinMatrix.Of(axis, SideBySide, [.. pairs.Select(pair => (pair.Key.Item1, pair.Key.Item2, (IReadOnlyList<Outcome>)pair.Value))]);
    }
}
