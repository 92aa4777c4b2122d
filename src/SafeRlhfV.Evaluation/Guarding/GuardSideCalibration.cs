using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>The threshold chosen for prompts or for answers.</summary>
/// <param name="Side">Which side.</param>
/// <param name="Rows">Examples of that side.</param>
/// <param name="Unsafe">Of them, unsafe.</param>
/// <param name="Threshold">The threshold, with what it misses and what it flags wrongly among these examples.</param>
/// <param name="HeldSplits">
/// Of <see cref="Splits"/> random halvings of these examples, the share in which a threshold chosen on one half kept every target on the other; NaN where a
/// half is too small to promise it, or no confidence was asked for.
/// </param>
/// <param name="Suspects">
/// The positions of examples labelled unsafe that the guard scores like the safe ones: wrong labels, or misses. Where their share is above the miss rate asked
/// for, keeping it means flagging much of what is safe.
/// </param>
public sealed record GuardSideCalibration(GuardSide Side, int Rows, int Unsafe, ConformalThreshold Threshold, double HeldSplits, IReadOnlyList<int> Suspects)
{
    /// <summary>How many random halvings the guarantee is tried on.</summary>
    public const int Splits = 200;

    /// <summary>From this share of safe examples flagged on, a promise that suspects make dear is worth a word.</summary>
    private const double Dear = 0.1;

    /// <summary>Chooses the threshold and tries its guarantee.</summary>
    /// <param name="side">Which side.</param>
    /// <param name="examples">Held-out examples of that side.</param>
    /// <param name="targets">The largest shares that may be missed.</param>
    /// <param name="confidence">As in <see cref="ConformalThreshold.Choose"/>.</param>
    /// <param name="seed">Seed of the halvings.</param>
    /// <exception cref="ArgumentException">A target is out of range.</exception>
    /// <exception cref="InvalidInputException">There are too few examples for a target.</exception>
    public static GuardSideCalibration Fit(GuardSide side, IReadOnlyList<LabelledScore> examples, IReadOnlyList<MissTarget> targets, double? confidence = null,
        long seed = 0)
    {
        ConformalThreshold chosen = ConformalThreshold.Choose(examples, targets, confidence);
        if (chosen.Unreachable is [var target, ..])
            throw new InvalidInputException(
                $"there are {examples.Count(example => Counts(target, example))} {target.Severity?.ToString().ToLowerInvariant() ?? "unsafe"} "
                    + $"{(side == GuardSide.Prompt ? "prompts" : "answers")} to calibrate on, too few to promise that at most {target.MissRate:0.####%} are "
                        + $"missed; give at least {Needed(target, confidence)}, or ask for less.");
        return new(
            side, examples.Count, examples.Count(example => example.Severity != Severity.None), chosen,
            confidence is { } level ? Held(examples, targets, level, new RandomStream(seed, $"halvings/{side}")) : double.NaN,
            FindSuspects(examples));
    }

    /// <summary>
    /// Whether the promise is dear because more examples are suspect than may be missed: a sign of wrong labels, or of a guard that does not see some harm.
    /// </summary>
    public bool LabelsLookNoisy(IReadOnlyList<MissTarget> targets) => Threshold.FalseAlarmRate >= Dear
        && targets.Any(target => Suspects.Count > target.MissRate * Unsafe);

    // Confident learning's rule (Northcutt et al. 2021, arXiv 1911.00068): labelled unsafe, but scored at least as safe as safe examples are on average.
    private static int[] FindSuspects(IReadOnlyList<LabelledScore> examples)
    {
        double usual = examples.Where(example => example.Severity == Severity.None).Select(example => example.Score).DefaultIfEmpty(double.NaN).Average();
        return [.. Enumerable.Range(0, examples.Count).Where(i => examples[i].Severity != Severity.None && examples[i].Score <= usual)
            .OrderBy(i => examples[i].Score)];
    }

    private static double Held(IReadOnlyList<LabelledScore> examples, IReadOnlyList<MissTarget> targets, double confidence, RandomStream random)
    {
        int held = 0;
        LabelledScore[] shuffled = [.. examples];
        for (int split = 0; split < Splits; split++)
        {
            for (int i = shuffled.Length - 1; i > 0; i--)
            {
                int j = random.NextInt(i + 1);
                (shuffled[i], shuffled[j]) = (shuffled[j], shuffled[i]);
            }
            LabelledScore[] first = shuffled[..(shuffled.Length / 2)], second = shuffled[(shuffled.Length / 2)..];
            MissTarget[] counted = [.. targets.Select(target => target with { Upcoming = second.Count(example => Counts(target, example)) })];
            ConformalThreshold chosen = ConformalThreshold.Choose(first, counted, confidence);
            if (chosen.Unreachable.Count > 0) return double.NaN;
            if (counted.All(target => second.Count(example => Counts(target, example) && example.Score < chosen.Threshold)
                <= target.MissRate * target.Upcoming!.Value + 1e-9)) held++;
        }
        return held / (double)Splits;
    }

    // the fewest n that allow the lowest score to be missed: floor(rate (n + 1)) >= 1, or (1 - rate)^n <= 1 - confidence
    private static int Needed(MissTarget target, double? confidence) =>
        (int)Math.Ceiling((confidence is { } level ? Math.Log(1 - level) / Math.Log(1 - target.MissRate) : 1 / target.MissRate - 1) - 1e-9);

    private static bool Counts(MissTarget target, LabelledScore example) => target.Severity is { } severity
        ? example.Severity == severity
        : example.Severity != Severity.None;
}
