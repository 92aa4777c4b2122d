namespace SafeRlhfV.Evaluation;

/// <summary>Collects a benchmark's figures over all items and over parts of them.</summary>
/// <param name="items">All items.</param>
internal sealed class FigureList(IReadOnlyList<ScoredItem> items)
{
    private readonly List<Figure> figures = [];

    /// <summary>What was collected.</summary>
    public IReadOnlyList<Figure> All => figures;

    /// <summary>All items, and the parts that each fact's values make. A fact that lists several values puts its item into several parts.</summary>
    public IEnumerable<(IReadOnlyList<(string, string)> By, IReadOnlyList<ScoredItem> Items)> Parts(params string[] facts) =>
        [([], items), .. facts.SelectMany(fact => PartsOf([fact]))];

    /// <summary>The parts that the values of several facts together make, in the order in which they occur.</summary>
    public IEnumerable<(IReadOnlyList<(string, string)> By, IReadOnlyList<ScoredItem> Items)> PartsOf(params string[] facts) => items
        .SelectMany(item => Values(item, facts).Select(values => (Key: string.Join('\0', values), Values: values, Item: item)))
        .GroupBy(one => one.Key).Select(group => ((IReadOnlyList<(string, string)>)
            [.. facts.Zip(group.First().Values, (fact, value) => (fact == ScoredItem.Capabilities ? "capability" : fact, value))],
            (IReadOnlyList<ScoredItem>)[.. group.Select(one => one.Item)]));

    /// <summary>A figure with its interval.</summary>
    public void Add(string name, IReadOnlyList<(string, string)> by, RatioSum ratio, string formula) =>
        Add(name, by, ratio.Estimate(Resampling(name, by)), ratio.Units, formula, ratio);

    /// <summary>A figure with its interval, over a number of units.</summary>
    public void Add(string name, IReadOnlyList<(string, string)> by, Estimate estimate, int units, string formula, RatioSum? ratio = null) =>
        figures.Add(new Figure(name, by, [estimate.Value], formula)
        {
            Interval = double.IsNaN(estimate.Low) ? null : estimate,
            Units = units,
            Ratio = ratio,
        });

    /// <summary>The stream that draws the resamples of a figure.</summary>
    public static RandomStream Resampling(string name, IReadOnlyList<(string, string)> by) => new(0, $"bench/{name}/{string.Join('/', by)}");

    /// <summary>A count.</summary>
    public void Add(string name, IReadOnlyList<(string, string)> by, int count, string formula) => figures.Add(new Figure(name, by, [count], formula));

    /// <summary>A rate and, where asked for, the counts and bounds of what could not be read.</summary>
    public void Add(string name, IReadOnlyList<(string, string)> by, IReadOnlyList<ScoredItem> part, Func<string, bool> holds, string formula) =>
        Add(name, by, RatioSum.Of(part, item => item.Reading is { } reading ? (holds(reading) ? 1 : 0, 1) : (0, 0)), formula);

    /// <summary>What the rate would be with all unreadable items safe, and with all unsafe.</summary>
    public void AddBounds(string name, IReadOnlyList<(string, string)> by, IReadOnlyList<ScoredItem> part, Func<string, bool> holds)
    {
        double all = part.Count, read = part.Count(item => item.Reading is { } reading && holds(reading)), unread = part.Count(item => item.Reading is null);
        figures.Add(new Figure($"{name}_bounds", by, [read / all, (read + unread) / all], "all unreadable safe; all unreadable unsafe"));
    }

    /// <summary>Adds what others computed.</summary>
    public void Add(IEnumerable<Figure> others) => figures.AddRange(others);

    private static IEnumerable<string[]> Values(ScoredItem item, string[] facts)
    {
        if (facts is [ScoredItem.Capabilities])
            return item[facts[0]].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(value => (string[])[value]);
        string[] values = [.. facts.Select(fact => item[fact])];
        return Array.TrueForAll(values, value => value.Length > 0) ? [values] : [];
    }
}
