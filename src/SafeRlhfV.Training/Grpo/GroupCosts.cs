using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>The costs of a round's answers and the constraints on them: one, or one a severity.</summary>
internal sealed class GroupCosts
{
    /// <summary>The names of severities, for metrics.</summary>
    public static readonly IReadOnlyList<string> Severities = ["minor", "moderate", "severe"];

    private readonly GrpoSettings settings;

    /// <summary>Begins.</summary>
    public GroupCosts(GrpoSettings settings)
    {
        this.settings = settings;
        Constraints = settings.Severity is { } severity
            ? [.. severity.Budgets.Select(budget => new CostConstraint(Options(settings.Multiplier with { Budget = budget })))]
            : [new CostConstraint(Options(settings.Multiplier))];

        ConstraintOptions Options(MultiplierOptions multiplier) => new()
        {
            Kind = settings.Constraint,
            Mode = settings.Mode,
            Multiplier = multiplier,
            Alpha = settings.CvarAlpha,
            NuLearningRate = settings.CvarLearningRate,
        };
    }

    /// <summary>The constraints.</summary>
    public IReadOnlyList<CostConstraint> Constraints { get; }

    /// <summary>λ of each.</summary>
    public double[] Lambdas => [.. Constraints.Select(constraint => constraint.Lambda)];

    /// <summary>The costs of answers, one array a constraint.</summary>
    /// <param name="scores">C of each answer.</param>
    public double[][] Of(double[] scores)
    {
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
            if (settings.Constraint == ConstraintKind.Cvar) metrics[$"nu{of}"] = Constraints[k].Nu;
        }
    }
}
