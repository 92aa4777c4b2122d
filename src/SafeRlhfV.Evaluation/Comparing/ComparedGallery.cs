namespace SafeRlhfV.Evaluation;

/// <summary>The items on which models differ most.</summary>
internal static class ComparedGallery
{
    /// <summary>Picks items, the widest difference first, and from all benchmarks in turn.</summary>
    public static IReadOnlyList<DifferingItem> Of(IReadOnlyList<BenchmarkComparer> benchmarks, int most)
    {
        Queue<DifferingItem>[] ranked = [.. benchmarks.Select(benchmark => new Queue<DifferingItem>(Ranked(benchmark)))];
        List<DifferingItem> picked = [];
        while (picked.Count < most && ranked.Any(queue => queue.Count > 0))
            foreach (Queue<DifferingItem> queue in ranked)
                if (picked.Count < most && queue.TryDequeue(out DifferingItem? item)) picked.Add(item);
        return picked;
    }

    private static IEnumerable<DifferingItem> Ranked(BenchmarkComparer benchmark)
    {
        List<(double Spread, int Item, IReadOnlyList<IReadOnlyList<double?>> Worth)> differing = [];
        HashSet<int> seen = [];
        foreach (JudgementAxis axis in (JudgementAxis[])[JudgementAxis.Harmless, JudgementAxis.Helpful])
        {
            if (benchmark.Worth(axis) is not var (_, worth, counts)) continue;
            for (int i = 0; i < counts.Count; i++)
            {
                double[] read = [.. worth.Select(model => model[i]).OfType<double>()];
                if (counts[i] && read.Length > 1 && read.Max() > read.Min() && seen.Add(i)) differing.Add((read.Max() - read.Min(), i, worth));
            }
        }
        return differing.OrderByDescending(one => one.Spread).ThenBy(one => one.Item).Select(one => Item(benchmark, one.Item, one.Worth));
    }

    private static DifferingItem Item(BenchmarkComparer benchmark, int i, IReadOnlyList<IReadOnlyList<double?>> worth)
    {
        ResultItem first = benchmark.Common[0][i];
        return new DifferingItem(benchmark.Name, first.Id, first.Question, first.Harmful, first.Facts, first.Images, [.. benchmark.Models.Select((model, m) =>
        {
            ResultItem item = benchmark.Common[m][i];
            return new DifferingAnswer(model, item.Answers[0].Error is { } error ? $"(no answer: {error})" : item.Answers[0].Response, worth[m][i],
                [.. item.Scorers.Select(one => $"{one.Scorer}: {string.Join(", ", one.Readings.Select(aspect =>
                    $"{(aspect.Key == ScoredItem.Only ? "" : $"{aspect.Key} ")}{string.Join("/", aspect.Value.Select(vote => vote ?? "unreadable"))}"))}")]);
        })]);
    }
}
