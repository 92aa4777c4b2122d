using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>The paper's headline figures (arXiv 2503.17682) beside a run's.</summary>
public static class PaperFigures
{
    /// <summary>Safety gain of Safe RLHF-V over the start, points.</summary>
    public const double SafetyGain = 34.2;

    /// <summary>Helpfulness gain of Safe RLHF-V over the start, points.</summary>
    public const double HelpfulnessGain = 34.3;

    /// <summary>Pair accuracy of RM-V, percent (Table 4, 30K pairs).</summary>
    public const double RewardPairAccuracy = 86.3;

    /// <summary>Pair accuracy of CM-V, percent (Table 4, 30K pairs).</summary>
    public const double CostPairAccuracy = 80.4;

    /// <summary>Sign accuracy of CM-V, percent (Table 4, 30K pairs).</summary>
    public const double CostSignAccuracy = 89.7;

    /// <summary>Safety gained by five rounds of filter-and-regenerate, points.</summary>
    public const double GuardGain = 40.9;

    /// <summary>The table for a run; what it did not measure is NaN.</summary>
    public static IReadOnlyList<PaperFigure> For(DemoResults results)
    {
        MethodResult? safe = results.Methods.FirstOrDefault(method => method.Id == MethodIds.SafeRlhfV);
        return
        [
            new("Safe RLHF-V: safety gain over the start", SafetyGain, safe?.SafeWins.GainPoints ?? double.NaN, FigureUnit.Points, "headline"),
            new("Safe RLHF-V: helpfulness gain over the start", HelpfulnessGain, safe?.HelpfulWins.GainPoints ?? double.NaN, FigureUnit.Points, "headline"),
            new("RM-V: pair accuracy", RewardPairAccuracy, Percent(results.RewardModel?.Noisy.PairAccuracy), FigureUnit.Percent, "Table 4, 30K pairs"),
            new("CM-V: pair accuracy", CostPairAccuracy, Percent(results.CostModel?.Noisy.PairAccuracy), FigureUnit.Percent, "Table 4, 30K pairs"),
            new("CM-V: sign accuracy", CostSignAccuracy, Percent(results.CostModel?.Noisy.SignAccuracy), FigureUnit.Percent, "Table 4, 30K pairs"),
            new("Beaver-Guard-V: fall of the unsafe rate in 5 rounds", GuardGain, results.Guard?.Curves.FirstOrDefault()?.DropPoints ?? double.NaN,
                FigureUnit.Points, "headline"),
        ];
    }

    private static double Percent(Estimate? estimate) => 100 * (estimate?.Value ?? double.NaN);
}
