namespace SafeRlhfV.Evaluation;

/// <summary>Whether the mean cost is within its budget, with bounds that hold with probability 1 - δ for any distribution on the range.</summary>
public sealed record MeanCertificate
{
    /// <summary>Number of costs.</summary>
    public required int Samples { get; init; }

    /// <summary>Their mean; NaN without costs.</summary>
    public required double Mean { get; init; }

    /// <summary>Their standard deviation (n - 1); NaN below two.</summary>
    public required double Deviation { get; init; }

    /// <summary>The range that they are stated to lie in.</summary>
    public required CostRange Range { get; init; }

    /// <summary>The mean that is allowed.</summary>
    public required double Budget { get; init; }

    /// <summary>δ of each bound here.</summary>
    public required double Delta { get; init; }

    /// <summary>The betting bound; it decides.</summary>
    public required double Betting { get; init; }

    /// <summary>The empirical Bernstein bound.</summary>
    public required double Bernstein { get; init; }

    /// <summary>Hoeffding's bound.</summary>
    public required double Hoeffding { get; init; }

    /// <summary>Student's t bound, cut at the range's end: information only, since it does not hold for skewed costs.</summary>
    public required double StudentT { get; init; }

    /// <summary>The p-value of the betting bound's test for the claim that the mean is within the budget.</summary>
    public required double PValue { get; init; }

    /// <summary>Whether the mean is certified to be within the budget, by the betting bound.</summary>
    public bool Holds => Betting <= Budget;

    /// <summary>The certificate of costs that are shuffled first.</summary>
    /// <param name="costs">Costs of answers to independent prompts, in any order.</param>
    /// <param name="range">The range that they lie in.</param>
    /// <param name="delta">δ.</param>
    /// <param name="budget">The mean that is allowed, within the range.</param>
    /// <param name="seed">Seed of the shuffle. It is chosen before the costs are seen: trying several is looking several times.</param>
    /// <exception cref="ArgumentException">A cost, the budget or δ lies outside its range.</exception>
    public static MeanCertificate Shuffled(IReadOnlyList<double> costs, CostRange range, double delta, double budget, long seed)
    {
        double[] order = [.. costs];
        new RandomStream(seed, "certify").Shuffle(order.AsSpan());
        return InOrder(order, range, delta, budget);
    }

    /// <summary>The certificate of costs whose order does not depend on their values.</summary>
    /// <exception cref="ArgumentException">A cost, the budget or δ lies outside its range.</exception>
    public static MeanCertificate InOrder(ReadOnlySpan<double> costs, CostRange range, double delta, double budget)
    {
        if (!(range.Low < range.High) || !double.IsFinite(range.Width))
            throw new ArgumentException("The range's lower end lies below its upper one.", nameof(range));
        if (!range.Holds(budget)) throw new ArgumentException("The budget lies outside the range.", nameof(budget));
        if (delta is not (> 0 and < 1)) throw new ArgumentException("Delta lies above 0 and below 1.", nameof(delta));
        foreach (double cost in costs)
            if (!range.Holds(cost)) throw new ArgumentException($"The cost {cost} lies outside the range.", nameof(costs)); // cutting it would void the bounds
        BettingBound betting = BettingBound.Of(costs, range, delta, budget);
        return new()
        {
            Samples = costs.Length,
            Mean = MeanBounds.Mean(costs),
            Deviation = MeanBounds.Deviation(costs),
            Range = range,
            Budget = budget,
            Delta = delta,
            Betting = betting.Upper,
            Bernstein = MeanBounds.Bernstein(costs, range, delta),
            Hoeffding = MeanBounds.Hoeffding(costs, range, delta),
            StudentT = Math.Min(range.High, MeanBounds.StudentT(costs, delta)),
            PValue = betting.PValue,
        };
    }
}
