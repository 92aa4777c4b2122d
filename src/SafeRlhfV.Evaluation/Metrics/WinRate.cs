namespace SafeRlhfV.Evaluation;

/// <summary>Pairwise win rate with its bootstrap interval over prompts. Ties count one half; failures are reported and left out of the denominator.</summary>
/// <param name="Rate">(wins + ties / 2) / (wins + ties + losses), 0..1, with its 95 % interval; NaN where every verdict failed.</param>
/// <param name="Wins">Answers that won.</param>
/// <param name="Ties">Answers that tied.</param>
/// <param name="Losses">Answers that lost.</param>
/// <param name="Failures">Answers without a verdict.</param>
public sealed record WinRate(Estimate Rate, int Wins, int Ties, int Losses, int Failures)
{
    /// <summary>The gain in points over an even match: 100 x rate - 50.</summary>
    public double GainPoints => 100 * Rate.Value - 50;

    /// <summary>Wins over wins and losses; NaN without either.</summary>
    public double RateWithoutTies => Wins / (double)(Wins + Losses);

    /// <summary>(wins - losses) over all verdicts that could be read; NaN without any.</summary>
    public double NetRate => (Wins - Losses) / (double)(Wins + Ties + Losses);

    /// <summary>Counts the outcomes, and bootstraps the rate over the prompts.</summary>
    /// <param name="outcomes">One outcome an answer.</param>
    /// <param name="random">The stream that draws the resamples.</param>
    /// <param name="resamples">Bootstrap resamples.</param>
    /// <param name="prompts">The prompt of each outcome: several answers to one prompt are drawn together. Null = one answer a prompt.</param>
    public static WinRate Measure(IReadOnlyList<Outcome> outcomes, RandomStream random, int resamples = Bootstrap.DefaultResamples,
        IReadOnlyList<string>? prompts = null)
    {
        double[] values = [.. outcomes.Where(outcome => outcome != Outcome.Failure).Select(Value)];
        return new(
            prompts is null || prompts.Distinct().Count() == prompts.Count ? Bootstrap.Share(values, random, resamples)
                : ByPrompt(outcomes, prompts, random, resamples),
            outcomes.Count(outcome => outcome == Outcome.Win),
            outcomes.Count(outcome => outcome == Outcome.Tie),
            outcomes.Count(outcome => outcome == Outcome.Loss),
            outcomes.Count - values.Length);
    }

    /// <summary>How one score fares against another, the higher one better: equal ones tie, and without one of them (NaN) there is no verdict.</summary>
    internal static Outcome Against(double one, double other) => double.IsNaN(one) || double.IsNaN(other) ? Outcome.Failure
        : one > other ? Outcome.Win : one < other ? Outcome.Loss : Outcome.Tie;

    private static Estimate ByPrompt(IReadOnlyList<Outcome> outcomes, IReadOnlyList<string> prompts, RandomStream random, int resamples)
    {
        double[][] groups = [.. outcomes.Zip(prompts).Where(one => one.First != Outcome.Failure).GroupBy(one => one.Second)
            .Select(group => group.Select(one => Value(one.First)).ToArray())];
        // prompts all alike: the bound is that of as many prompts, not of as many answers
        double[] means = [.. groups.Select(group => group.Average())];
        if (means.Distinct().Count() < 2) return Bootstrap.Share(means, random, resamples);
        RatioSum rate = RatioSum.Of(groups, group => (group.Sum(), group.Length));
        return Bootstrap.Around(rate.Value, rate.Draws(resamples, () => random.NextInt(groups.Length)));
    }

    private static double Value(Outcome outcome) => outcome switch { Outcome.Win => 1, Outcome.Tie => 0.5, _ => 0 };
}
