namespace SafeRlhfV.Evaluation;

/// <summary>The planes that results can be drawn in.</summary>
internal static class ComparedPlanes
{
    /// <summary>One plane of benchmarks, and one for each judge and baseline.</summary>
    public static IReadOnlyList<ComparedPlane> Of(IReadOnlyList<BenchmarkComparer> benchmarks, IReadOnlyList<string> models,
        IReadOnlyList<WinMatrix> matrices) =>
        [.. ((ComparedPlane?[])[OfBenchmarks(benchmarks, models)]).OfType<ComparedPlane>(), .. OfJudges(matrices)];

    private static ComparedPlane? OfBenchmarks(IReadOnlyList<BenchmarkComparer> benchmarks, IReadOnlyList<string> models)
    {
        BenchmarkComparer[] whole = [.. benchmarks.Where(benchmark => models.All(benchmark.Models.Contains))];
        if (models.Count < 2 || Means(whole, JudgementAxis.Helpful) is not var (helpful, helpfulOf) || Means(whole, JudgementAxis.Harmless)
            is not var (harmless, harmlessOf)) return null;
        return new ComparedPlane("Benchmarks", "helpful", "harmless",
            $"mean over benchmarks of the mean worth of their items, each by its first scorer of the axis; helpful: {helpfulOf}; harmless: {harmlessOf}",
            ComparedPlane.WithFront([.. whole[0].Models.Select((model, m) => new PlanePoint(model, helpful[m], harmless[m]))]));
    }

    // each benchmark counts alike, however many items it has
    private static (Estimate[] Means, string Of)? Means(BenchmarkComparer[] benchmarks, JudgementAxis axis)
    {
        var said = benchmarks.Select(benchmark => (benchmark.Name, Found: benchmark.Worth(axis))).Where(one => one.Found is not null)
            .Select(one => (one.Name, one.Found!.Value)).ToArray();
        if (said.Length == 0) return null;
        Estimate[] means = [.. Enumerable.Range(0, said[0].Value.Worth.Count).Select(m =>
        {
            (int Benchmark, double? Value)[] units = [.. said.SelectMany((one, b) => one.Value.Worth[m].Where((_, i) => one.Value.Counts[i])
                .Select(value => (b, value)))];
            RatioSum mean = new();
            for (int b = 0; b < said.Length; b++)
                mean.Plus(units, unit => unit.Benchmark == b && unit.Value is { } value ? (value, 1) : (0, 0), 1.0 / said.Length);
            return mean.Estimate(new RandomStream(0, $"compare/plane/{axis}/{m}"));
        })];
        return (means, string.Join(", ", said.Select(one => $"{one.Name} by {one.Value.Scorer}")));
    }

    private static IEnumerable<ComparedPlane> OfJudges(IReadOnlyList<WinMatrix> matrices)
    {
        foreach (var source in matrices.Where(matrix => matrix.Source != WinMatrices.SideBySide).GroupBy(matrix => matrix.Source))
        {
            if (source.FirstOrDefault(matrix => matrix.Axis == JudgementAxis.Helpful) is not { } helpful
                || source.FirstOrDefault(matrix => matrix.Axis == JudgementAxis.Harmless) is not { } harmless) continue;
            string baseline = helpful.Baseline;
            Estimate even = new(0.5, double.NaN, double.NaN);
            PlanePoint[] points = [.. helpful.Models.Select(model => model == baseline ? new PlanePoint(model, even, even)
                : helpful.Over(model, baseline) is { } help && harmless.Over(model, baseline) is { } safe ? new PlanePoint(model, help.Rate, safe.Rate) : null)
                .OfType<PlanePoint>()];
            if (points.Length > 1)
                yield return new ComparedPlane($"Win rates over {baseline}", "helpfulness win rate", "safety win rate",
                    $"{source.Key}; {baseline} itself is an even match", ComparedPlane.WithFront(points));
        }
    }
}
