namespace SafeRlhfV.Objectives;

/// <summary>
/// One constraint of the Lagrangian: it takes in the costs of each round, moves its multiplier λ, and says what each answer is charged. Arrays hold the answers
/// of a round, prompt after prompt. On the host in float64.
/// </summary>
public sealed class CostConstraint
{
    private readonly ConstraintOptions options;
    private readonly IMultiplier multiplier;
    private readonly Queue<double> tail = [];

    /// <summary>Begins.</summary>
    /// <param name="options">Its settings.</param>
    /// <param name="margin">What the budget of a mean is tightened by at each step, from the costs of its window; null = nothing.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or a margin is given of something else than a mean.</exception>
    public CostConstraint(ConstraintOptions options, Func<IReadOnlyCollection<double>, double>? margin = null)
    {
        if (margin is not null && options.Kind != ConstraintKind.Mean) throw new ArgumentException("A margin is that of a mean.", nameof(margin));
        this.options = options;
        Nu = Bounded(options.NuInitial);
        // the tail's window is kept here, and prompts that keep the budget count 0
        multiplier = Objectives.Multiplier.Create(options.Mode, options.Kind switch
        {
            ConstraintKind.Cvar => options.Multiplier with { Window = 1 },
            ConstraintKind.PositivePart => options.Multiplier with { Budget = 0 },
            _ => options.Multiplier,
        }, margin);
    }

    /// <summary>λ now.</summary>
    public double Lambda => multiplier.Value;

    /// <summary>ν now: where the tail of the CVaR begins.</summary>
    public double Nu { get; private set; }

    /// <summary>What is compared with the budget (with positive parts: with 0); NaN before the first cost.</summary>
    public double Value => options.Kind == ConstraintKind.Cvar ? Cvar.Of(tail, Nu, options.Alpha) : multiplier.MeanCost;

    /// <summary>What the budget is tightened by; 0 without a margin.</summary>
    public double Margin => multiplier.Margin;

    /// <summary>The whole state; setting it continues a saved run exactly.</summary>
    public ConstraintState State
    {
        get => new(multiplier.State, Nu, [.. tail]);
        set
        {
            (multiplier.State, Nu) = (value.Multiplier, value.Nu);
            tail.Clear();
            foreach (double cost in value.Tail) tail.Enqueue(cost);
        }
    }

    /// <summary>Takes in the costs of a round; a round without a cost that counts leaves everything as it is.</summary>
    /// <param name="costs">C of each answer.</param>
    /// <param name="counts">Whether each answer counts.</param>
    /// <param name="groupSize">Answers of a prompt.</param>
    /// <returns>Whether λ was updated.</returns>
    /// <exception cref="ArgumentException">A cost that counts is not finite.</exception>
    public bool Step(ReadOnlySpan<double> costs, ReadOnlySpan<bool> counts, int groupSize)
    {
        List<double> counted = [];
        for (int at = 0; at < costs.Length; at++)
            if (counts[at]) counted.Add(double.IsFinite(costs[at]) ? costs[at] : throw new ArgumentException($"A cost is {costs[at]}.", nameof(costs)));
        if (counted.Count == 0) return multiplier.Step([]);
        if (options.Kind == ConstraintKind.PositivePart) return multiplier.Step(Excess(costs, counts, groupSize));
        if (options.Kind == ConstraintKind.Mean) return multiplier.Step([.. counted]);
        foreach (double cost in counted)
        {
            if (tail.Count == options.Multiplier.Window) tail.Dequeue();
            tail.Enqueue(cost);
        }
        Nu = Bounded(Nu - options.NuLearningRate * Cvar.Gradient(tail, Nu, options.Alpha));
        return multiplier.Step([Value]);
    }

    /// <summary>What each answer is charged in place of its cost.</summary>
    /// <param name="costs">C of each answer.</param>
    /// <param name="counts">Whether each answer counts.</param>
    /// <param name="groupSize">Answers of a prompt.</param>
    public double[] Charges(ReadOnlySpan<double> costs, ReadOnlySpan<bool> counts, int groupSize)
    {
        double[] charges = costs.ToArray();
        if (options.Kind == ConstraintKind.Cvar)
            for (int at = 0; at < charges.Length; at++) charges[at] = Cvar.Penalty(charges[at], Nu, options.Alpha);
        if (options.Kind == ConstraintKind.PositivePart)
        {
            bool[] isOver = PositivePart.Of(costs, counts, groupSize, options.Multiplier.Budget).IsOver;
            for (int at = 0; at < charges.Length; at++)
                if (!isOver[at / groupSize]) charges[at] = 0; // equal in the group: it has no part in the advantages
        }
        return charges;
    }

    private double Bounded(double nu) => Math.Min(nu, options.NuMaximum ?? double.PositiveInfinity);

    private double[] Excess(ReadOnlySpan<double> costs, ReadOnlySpan<bool> counts, int groupSize)
    {
        PositivePart part = PositivePart.Of(costs, counts, groupSize, options.Multiplier.Budget);
        List<double> excess = [];
        for (int group = 0; group < part.Excess.Length; group++)
            if (counts.Slice(group * groupSize, groupSize).Contains(true)) excess.Add(part.Excess[group]);
        return [.. excess];
    }
}
