namespace SafeRlhfV.Evaluation;

/// <summary>Compares models on one benchmark, by the items that all of them have.</summary>
internal sealed class BenchmarkComparer
{
    private readonly (string Model, ComparedSuite Suite)[] given;
    private readonly ResultItem[][] common; // by model, all in the same order
    private readonly string[] scorers;
    private readonly List<string> notes = [];

    /// <summary>Finds the common items.</summary>
    /// <exception cref="InvalidInputException">There are none.</exception>
    public BenchmarkComparer(IReadOnlyList<(string Model, ComparedSuite Suite)> given)
    {
        this.given = [.. given];
        Dictionary<string, ResultItem>[] keyed = [.. given.Select(one => one.Suite.Items.ToDictionary(Key))];
        string[] keys = [.. given[0].Suite.Items.Select(Key).Where(key => keyed.All(items => items.ContainsKey(key)))];
        if (keys.Length == 0)
            throw new InvalidInputException($"{Name}: {string.Join(" and ", given.Select(one => one.Model))} have no item in common; compare results of the "
                + "same files, splits and limit, or name other benchmarks with --suite.");
        common = [.. keyed.Select(items => keys.Select(key => items[key]).ToArray())];
        string[] all = [.. given.SelectMany(one => one.Suite.Identities.Keys).Distinct()];
        foreach (string scorer in all)
        {
            string[] without = [.. given.Where(one => !one.Suite.Identities.ContainsKey(scorer)).Select(one => one.Model)];
            if (IsOfPrompts(scorer))
            {
                notes.Add($"{scorer} judges prompts, so it says nothing of the models, and is left out");
                continue;
            }
            // pairs were asked of one model against another: they stand among the win rates
            if (without.Length > 0 && FormOf(scorer) != ReplyForm.Winner) notes.Add($"{scorer} did not score {string.Join(", ", without)}, and is left out");
            else if (without.Length == 0 && given.Select(one => one.Suite.Identities[scorer]).Distinct().Count() > 1)
                notes.Add($"{scorer} is not the same for all (another model, rubric or version), and is left out");
        }
        scorers = [.. given[0].Suite.Identities.Keys.Where(scorer => given.All(one => one.Suite.Identities.TryGetValue(scorer, out string? identity)
            && identity == given[0].Suite.Identities[scorer]) && !IsOfPrompts(scorer))];
    }

    /// <summary>The benchmark's name.</summary>
    public string Name => given[0].Suite.Name;

    /// <summary>The models.</summary>
    public IReadOnlyList<string> Models => [.. given.Select(one => one.Model)];

    /// <summary>The common items, model by model in the same order.</summary>
    public IReadOnlyList<IReadOnlyList<ResultItem>> Common => common;

    /// <summary>The scorers that all models have, the benchmark's usual one first.</summary>
    public IReadOnlyList<string> Scorers => scorers;

    /// <summary>How a scorer reads; null where it says nothing of any item.</summary>
    public ReplyForm? FormOf(string scorer) =>
        given.SelectMany(one => one.Suite.Items).SelectMany(item => item.Scorers).FirstOrDefault(one => one.Scorer == scorer)?.Form;

    /// <summary>
    /// The worth of every common item on an axis, model by model, by the first scorer that says something of that axis; null where none does. An item of
    /// which it says nothing has no worth for any model.
    /// </summary>
    public (string Scorer, IReadOnlyList<IReadOnlyList<double?>> Worth, IReadOnlyList<bool> Counts)? Worth(JudgementAxis axis)
    {
        foreach (string scorer in scorers)
        {
            ItemWorth?[][] worth = [.. common.Select(items => items.Select(item => WorthOf(item, scorer, axis)).ToArray())];
            bool[] counts = [.. Enumerable.Range(0, common[0].Length).Select(i => worth.All(model => model[i] is not null))];
            if (counts.Contains(true)) return (scorer, [.. worth.Select(model => model.Select(one => one?.Value).ToArray())], counts);
        }
        return null;
    }

    /// <summary>An item's worth on an axis by a scorer; null where it says nothing of it.</summary>
    public static ItemWorth? WorthOf(ResultItem item, string scorer, JudgementAxis axis) =>
        item.Scorers.FirstOrDefault(one => one.Scorer == scorer) is not { } found ? null
            : ItemWorth.Of(found.Form, new ScoredItem(item.Id, item.Facts, found.Readings), item.Harmful).FirstOrDefault(worth => worth.Axis == axis);

    /// <summary>The comparison.</summary>
    public BenchmarkComparison Compare() => new(Name, Models, common[0].Length, [.. given.Select((one, m) => one.Suite.Items.Count - common[m].Length)],
        [.. scorers.Where(scorer => common.All(items => items.Any(item => item.By(scorer) is not null))).Select(Compare)], notes);

    private bool IsOfPrompts(string scorer) => FormOf(scorer) == ReplyForm.PromptSafety;

    private ScorerComparison Compare(string scorer)
    {
        ReplyForm form = FormOf(scorer)!.Value;
        // an item counts where the scorer says something of it for every model
        int[] said = [.. Enumerable.Range(0, common[0].Length).Where(i => common.All(items => items[i].By(scorer) is not null))];
        ScoredItem[][] items = [.. common.Select(model => said.Select(i => model[i].By(scorer)! with { Facts = common[0][i].Facts }).ToArray())];
        IReadOnlyList<Figure>[] figures = [.. items.Select(model => given[0].Suite.Benchmark.Measure(form, model))];
        List<FigureComparison> compared = [];
        foreach (Figure first in figures[0].Where(figure => figure.Ratio is not null))
        {
            Figure?[] same = [.. figures.Select(model => model.FirstOrDefault(figure => figure.Name == first.Name && figure.Part == first.Part))];
            if (same.Any(figure => figure?.Ratio is null)) continue;
            bool? higher = HigherIsBetter(form, first.Name);
            double best = higher is { } up ? (up ? same.Max(figure => figure!.Value) : same.Min(figure => figure!.Value)) : double.NaN;
            compared.Add(new FigureComparison(first.Name, first.Part, first.Formula, higher, [.. same.Select((figure, m) => new ComparedValue(
                figure!.Interval ?? new(figure.Value, double.NaN, double.NaN),
                m == 0 ? null : figure.Ratio!.Minus(first.Ratio!, new RandomStream(0, $"compare/{Name}/{scorer}/{first.Name}/{first.Part}/{m}")),
                figure.Value == best))]));
        }
        return new ScorerComparison(scorer, form, [.. items.Select(model => model.Zip(items[0]).Count(pair => !Equal(pair.First, pair.Second)))],
            [.. items.Select(model => model.Count(item => item.Votes.Values.Any(votes => votes.Any(vote => vote is null))))], compared);
    }

    private static bool Equal(ScoredItem one, ScoredItem other) => one.Votes.Count == other.Votes.Count
        && one.Votes.All(pair => other.Votes.TryGetValue(pair.Key, out IReadOnlyList<string?>? votes) && votes.SequenceEqual(pair.Value));

    // shares of one kind of answer, such as refusals of all groups or of yes, are neither good nor bad
    private static bool? HigherIsBetter(ReplyForm form, string figure) => figure switch
    {
        "refusal_rate" => form == ReplyForm.Oversensitivity ? false : null,
        "yes_ratio" or "refusal_share" or "warning_share" or "full_compliance" or "partial_refusal" or "full_refusal" => null,
        _ when figure.Contains("attack", StringComparison.Ordinal) || figure.StartsWith("harm_score", StringComparison.Ordinal) => false,
        _ => true,
    };

    private static string Key(ResultItem item) => $"{item.Id}\0{item.Question}\0{string.Join(',', item.Images)}";
}
