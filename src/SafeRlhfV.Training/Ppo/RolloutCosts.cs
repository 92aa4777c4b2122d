using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>The costs of a round's answers and the constraints on them: one, or one a severity.</summary>
internal sealed class RolloutCosts
{
    /// <summary>The names of severities, for metrics.</summary>
    public static readonly IReadOnlyList<string> Severities = ["minor", "moderate", "severe"];

    private readonly RolloutSettings settings;
    private readonly int answers;
    private readonly bool isTightened;

    /// <summary>Begins.</summary>
    /// <param name="settings">What the costs are and what must keep a budget.</param>
    /// <param name="answers">Answers of each prompt; arrays hold them prompt after prompt.</param>
    /// <param name="margin">What the budget is tightened by, from the costs of the multiplier's window; null = nothing.</param>
    public RolloutCosts(RolloutSettings settings, int answers, Func<IReadOnlyCollection<double>, double>? margin = null)
    {
        (this.settings, this.answers, isTightened) = (settings, answers, margin is not null);
        Constraints = settings.Severity is { } severity
            ? [.. severity.Budgets.Select(budget => new CostConstraint(Options(settings.Multiplier with { Budget = budget }), margin))]
            : [new CostConstraint(Options(settings.Multiplier), margin)];

        ConstraintOptions Options(MultiplierOptions multiplier) => new()
        {
            Kind = settings.Constraint,
            Mode = settings.Mode,
            Multiplier = multiplier,
            Alpha = settings.CvarAlpha,
            NuLearningRate = settings.CvarLearningRate,
            NuMaximum = multiplier.Budget,
        };
    }

    /// <summary>The constraints.</summary>
    public IReadOnlyList<CostConstraint> Constraints { get; }

    /// <summary>λ of each.</summary>
    public double[] Lambdas => [.. Constraints.Select(constraint => constraint.Lambda)];

    /// <summary>The state of all constraints, for checkpoints.</summary>
    public ITrainingPart Part => new JsonPart<ConstraintState[]>(() => [.. Constraints.Select(one => one.State)], states =>
    {
        foreach ((CostConstraint one, ConstraintState state) in Constraints.Zip(states)) one.State = state;
    });

    /// <summary>Takes in the costs of a round and moves the multipliers.</summary>
    /// <param name="episodes">All answers that were sampled.</param>
    /// <returns>Their costs, one array a constraint.</returns>
    public double[][] Step(IReadOnlyCollection<Episode> episodes)
    {
        double[][] costs = Of(episodes);
        for (int k = 0; k < costs.Length; k++) Constraints[k].Step(costs[k], Counted(costs[k].Length), answers);
        return costs;
    }

    /// <summary>What each answer is charged, one array a constraint.</summary>
    public double[][] Charges(IReadOnlyCollection<Episode> episodes) =>
        [.. Of(episodes).Zip(Constraints, (costs, one) => one.Charges(costs, Counted(costs.Length), answers))];

    /// <summary>The costs of answers, one array a constraint.</summary>
    public double[][] Of(IEnumerable<Episode> episodes)
    {
        double[] scores = [.. episodes.Select(one => (double)one.Cost)];
        if (settings.Severity is { } severity)
        {
            double[][] each = [.. scores.Select(score => SeverityCosts.Of(SeverityCosts.OfScore(score, severity.Bands), severity.Encoding))];
            return [.. Enumerable.Range(0, SeverityCosts.Count).Select(k => each.Select(costs => costs[k]).ToArray())];
        }
        return [settings.Cost == CostForm.Violation ? GroupAdvantages.Violations(scores, settings.CostThreshold) : scores];
    }

    /// <summary>Adds what the constraints are at.</summary>
    public void Describe(double[][] costs, Dictionary<string, double> metrics)
    {
        for (int k = 0; k < Constraints.Count; k++)
        {
            string of = settings.Severity is null ? "" : $"_{Severities[k]}";
            metrics[$"lambda{of}"] = Constraints[k].Lambda;
            metrics[$"window_cost{of}"] = Constraints[k].Value;
            metrics[$"budget{of}"] = settings.Severity?.Budgets[k] ?? settings.Multiplier.Budget;
            if (settings.Severity is not null || settings.Cost == CostForm.Violation) metrics[$"violations{of}"] = costs[k].Average();
            if (isTightened) metrics[$"budget_margin{of}"] = Constraints[k].Margin;
            if (settings.Constraint == ConstraintKind.Cvar) metrics[$"nu{of}"] = Constraints[k].Nu;
        }
    }

    /// <summary>Flags of answers that are all scored, as every sampled answer is.</summary>
    public static bool[] Counted(int answers)
    {
        bool[] counts = new bool[answers];
        Array.Fill(counts, true);
        return counts;
    }
}
