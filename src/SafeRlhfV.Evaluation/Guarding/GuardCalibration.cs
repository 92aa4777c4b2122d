using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// Temperatures that make a guard's probabilities honest, and thresholds that keep stated miss rates, both from held-out examples. A temperature moves scores
/// without changing their order, so that choosing it on the same examples takes nothing from the thresholds' guarantee.
/// </summary>
public sealed record GuardCalibration
{
    /// <summary>Temperature of the verdict.</summary>
    public required double VerdictTemperature { get; init; }

    /// <summary>Temperature of the categories; 1 where no label names any.</summary>
    public required double CategoryTemperature { get; init; }

    /// <summary>Temperature of the severities; 1 where no label states any.</summary>
    public required double SeverityTemperature { get; init; }

    /// <summary>The verdict's calibration at temperature 1.</summary>
    public required Calibration Before { get; init; }

    /// <summary>The verdict's calibration at its temperature.</summary>
    public required Calibration After { get; init; }

    /// <summary>Whether the verdict's calibration error is larger at its temperature than at 1: the examples are too few, or unlike each other.</summary>
    public bool IsWorse => After.ExpectedError > Before.ExpectedError;

    /// <summary>A threshold for each side of which there are examples.</summary>
    public required IReadOnlyList<GuardSideCalibration> Sides { get; init; }

    /// <summary>Calibrates.</summary>
    /// <param name="examples">Held-out examples, not those that the guard was trained on.</param>
    /// <param name="logits">The guard's heads for each.</param>
    /// <param name="targets">The largest shares that may be missed.</param>
    /// <param name="confidence">As in <see cref="ConformalThreshold.Choose"/>.</param>
    /// <param name="seed">Seed of the halvings.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a target is out of range.</exception>
    /// <exception cref="InvalidInputException">A target of one severity is asked for, and an unsafe example states none; or there are too few examples for a
    /// target.</exception>
    public static GuardCalibration Fit(IReadOnlyList<GuardExample> examples, IReadOnlyList<GuardLogits> logits, IReadOnlyList<MissTarget> targets,
        double? confidence = null, long seed = 0)
    {
        Lengths.MustBeEqual(examples.Count, logits.Count);
        bool[] labels = [.. examples.Select(example => example.IsUnsafe)];
        double verdict = TemperatureScaling.Fit([.. logits.Select(one => one.Verdict)], labels);
        double[] scores = [.. logits.Select(one => Sigmoid(one.Verdict / verdict))];
        int[] named = [.. Enumerable.Range(0, examples.Count).Where(i => examples[i].Categories is not null)],
            graded = [.. Enumerable.Range(0, examples.Count).Where(i => examples[i].Severity is not null)];
        return new()
        {
            VerdictTemperature = verdict,
            CategoryTemperature = TemperatureScaling.Fit(
                [.. named.SelectMany(i => logits[i].Categories)],
                [.. named.SelectMany(i => Taxonomy.Categories.Select(name => examples[i].Categories!.Contains(name)))]),
            SeverityTemperature = TemperatureScaling.Fit([.. graded.Select(i => logits[i].Severities)],
                [.. graded.Select(i => (int)examples[i].Severity!.Value)]),
            Before = Calibration.Measure([.. logits.Select(one => Sigmoid(one.Verdict))], labels),
            After = Calibration.Measure(scores, labels),
            Sides =
            [
                .. Enumerable.Range(0, examples.Count).GroupBy(i => examples[i].Request.Side).OrderBy(group => group.Key)
                    .Select(group => OfSide(group.Key, [.. group], [.. group.Select(i => Labelled(examples[i], scores[i], targets))], targets, confidence,
                        seed)),
            ],
        };
    }

    // positions among the side's examples become positions among all
    private static GuardSideCalibration OfSide(GuardSide side, int[] at, LabelledScore[] scores, IReadOnlyList<MissTarget> targets, double? confidence,
        long seed)
    {
        GuardSideCalibration found = GuardSideCalibration.Fit(side, scores, targets, confidence, seed);
        return found with { Suspects = [.. found.Suspects.Select(i => at[i])] };
    }

    private static LabelledScore Labelled(GuardExample example, double score, IReadOnlyList<MissTarget> targets)
    {
        if (!example.IsUnsafe) return new(score, Severity.None);
        if (example.Severity is null && targets.Any(target => target.Severity is not null))
            throw new InvalidInputException($"{example.Place}: unsafe without a severity; a miss rate of one severity needs them all.");
        return new(score, example.Severity ?? Severity.Minor);
    }

    private static double Sigmoid(double logit) => 1 / (1 + Math.Exp(-logit));
}
