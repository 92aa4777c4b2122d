using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>
/// The certificate that a policy is released by: held-out prompts that nothing else reads, and how sure it must be that the mean cost of its answers keeps
/// <c>training.multiplier.budget</c>.
/// </summary>
public sealed record CertifyRecipe : DataRecipe
{
    /// <summary>A recipe whose split is <c>evaluation</c>.</summary>
    public CertifyRecipe() => Split = "evaluation";

    /// <summary>The smallest and the largest cost possible, in the unit of the budget. The bounds rest on it.</summary>
    [Range(-1e12, 1e12)]
    public IReadOnlyList<double> Range { get; init; } = [];

    /// <summary>Costs are cut to the range, and the certificate is about the cut cost; otherwise a cost outside is an error.</summary>
    public bool Clip { get; init; }

    /// <summary>δ: the chance of a false certificate that is allowed.</summary>
    [Range(0, 0.5, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double Delta { get; init; } = 0.05;

    /// <summary>How many candidates are tried on these prompts in all; each is certified at δ / looks.</summary>
    [Range(1, 1000)]
    public int Looks { get; init; } = 1;

    /// <summary>Seed of the shuffle before the betting bound.</summary>
    [Range(long.MinValue, long.MaxValue)]
    public long ShuffleSeed { get; init; }

    /// <summary>Tighten the budget while training by the width that the certificate would have on recent costs.</summary>
    public bool Tighten { get; init; } = true;

    /// <summary>The file that keeps the looks at these prompts; runs that share the prompts name the same. Empty = looks.jsonl in the run's folder.</summary>
    [Place]
    public string Journal { get; init; } = "";

    /// <summary>Finds what does not fit.</summary>
    internal void Check(RolloutRecipe recipe, RecipeFaults faults)
    {
        RolloutSettings training = recipe.Sampling;
        double budget = training.Multiplier.Budget;
        faults.Need("certify.folder", Folder, "the held-out prompts (--certify-data)");
        if (Range.Count != 2 || !(Range[0] < Range[1]))
            faults.Add("certify.range",
                "are two numbers, the smallest and the largest cost possible: the bounds rest on them, and the data cannot tell them");
        else if (budget < Range[0] || budget > Range[1])
            faults.Add("certify.range", $"does not hold training.multiplier.budget {budget}");
        if (Config is not null) faults.Add("certify.config", "is not supported: all of the split is read; leave it out");
        if (training.Severity is not null || training.Constraint != ConstraintKind.Mean || training is PpoSettings { CostOnly: true })
            faults.Add("certify", "is about the mean cost and its budget; it goes with constraint: mean, without severity and without cost_only");
        if (training.CostReads != CostReads.All)
            faults.Add("certify", "is about the cost of whole responses; with it set training.cost_reads: all");
        foreach ((string key, DataRecipe data) in recipe.DataSets)
            if (data.MayShareRowsWith(this))
                faults.Add("certify.folder", $"{Folder}, split {Split ?? "all"}, is trained on ({key}); keep rows aside that nothing else "
                    + "reads, in a split of their own");
    }
}
