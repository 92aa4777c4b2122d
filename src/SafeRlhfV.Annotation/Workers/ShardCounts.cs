namespace SafeRlhfV.Annotation;

/// <summary>The figures of a shard, which add up to those of the job.</summary>
internal sealed record ShardCounts
{
    public static ShardCounts None { get; } = new();

    /// <summary>Items looked at.</summary>
    public long Items { get; init; }

    /// <summary>Questions written by <c>data make</c>.</summary>
    public int Questions { get; init; }

    /// <summary>Items of <c>data make</c> that the asking model found not to fit.</summary>
    public int Unfit { get; init; }

    /// <summary>Pairs with labels.</summary>
    public int Pairs { get; init; }

    /// <summary>Pairs on which the judge does not agree with itself.</summary>
    public int Contested { get; init; }

    /// <summary>What cannot be used, by reason.</summary>
    public IReadOnlyDictionary<string, int> LeftOut { get; init; } = new Dictionary<string, int>();

    /// <summary>Replies that could not be read, by stage.</summary>
    public IReadOnlyDictionary<string, int> ParseFailures { get; init; } = new Dictionary<string, int>();

    /// <summary>Work without result, by reason; it can be tried again.</summary>
    public IReadOnlyDictionary<string, int> Failures { get; init; } = new Dictionary<string, int>();

    public OrderCounts Order { get; init; } = OrderCounts.None;

    public IReadOnlyDictionary<string, ModelTally> Tally { get; init; } = new Dictionary<string, ModelTally>();

    /// <summary>What all calls for it have cost, those of workers that were lost too.</summary>
    public double Cost { get; init; }

    /// <summary>What is counted alike whatever the work is.</summary>
    public static ShardCounts Of(MakingCounts counts, ModelCaller caller) => new()
    {
        LeftOut = counts.Of(counts.AnswersLeftOut),
        ParseFailures = counts.Of(counts.ParseFailures),
        Failures = counts.Of(counts.Failures),
        Tally = caller.Tallies,
        Cost = caller.Spent,
    };

    public static ShardCounts operator +(ShardCounts one, ShardCounts other) => new()
    {
        Items = one.Items + other.Items,
        Questions = one.Questions + other.Questions,
        Unfit = one.Unfit + other.Unfit,
        Pairs = one.Pairs + other.Pairs,
        Contested = one.Contested + other.Contested,
        LeftOut = Sum(one.LeftOut, other.LeftOut, (left, right) => left + right),
        ParseFailures = Sum(one.ParseFailures, other.ParseFailures, (left, right) => left + right),
        Failures = Sum(one.Failures, other.Failures, (left, right) => left + right),
        Order = one.Order + other.Order,
        Tally = Sum(one.Tally, other.Tally, (left, right) => left + right),
        Cost = one.Cost + other.Cost,
    };

    private static SortedDictionary<string, T> Sum<T>(IReadOnlyDictionary<string, T> one, IReadOnlyDictionary<string, T> other, Func<T, T, T> add)
    {
        SortedDictionary<string, T> sum = new(one.ToDictionary(), StringComparer.Ordinal);
        foreach ((string key, T value) in other) sum[key] = sum.TryGetValue(key, out T? before) ? add(before, value) : value;
        return sum;
    }
}
