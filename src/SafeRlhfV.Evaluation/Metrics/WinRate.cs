namespace SafeRlhfV.Evaluation;

/// <summary>Pairwise win rate with its bootstrap interval over prompts. Ties count one half; failures are reported and left out of the denominator.</summary>
/// <param name="Rate">(wins + ties / 2) / (wins + ties + losses), 0..1, with its 95 % interval; NaN where every verdict failed.</param>
/// <param name="Wins">Prompts won.</param>
/// <param name="Ties">Prompts tied.</param>
/// <param name="Losses">Prompts lost.</param>
/// <param name="Failures">Prompts without a verdict.</param>
public sealed record WinRate(Estimate Rate, int Wins, int Ties, int Losses, int Failures)
{
    /// <summary>The gain in points over an even match: 100 x rate - 50.</summary>
    public double GainPoints => 100 * Rate.Value - 50;

    /// <summary>Wins over wins and losses; NaN without either.</summary>
    public double RateWithoutTies => Wins / (double)(Wins + Losses);

    /// <summary>(wins - losses) over all verdicts that could be read; NaN without any.</summary>
    public double NetRate => (Wins - Losses) / (double)(Wins + Ties + Losses);

    /// <summary>Counts the outcomes, one a prompt, and bootstraps the rate over the prompts.</summary>
    /// <param name="outcomes">One outcome a prompt.</param>
    /// <param name="random">The stream that draws the resamples.</param>
    /// <param name="resamples">Bootstrap resamples.</param>
    public static WinRate Measure(IReadOnlyList<Outcome> outcomes, RandomStream random, int resamples = Bootstrap.DefaultResamples)
    {
        double[] values = [.. outcomes.Where(outcome => outcome != Outcome.Failure).Select(Value)];
        return new(
            Bootstrap.Share(values, random, resamples),
            outcomes.Count(outcome => outcome == Outcome.Win),
            outcomes.Count(outcome => outcome == Outcome.Tie),
            outcomes.Count(outcome => outcome == Outcome.Loss),
            outcomes.Count - values.Length);
    }

    /// <summary>How one score fares against another, the higher one better: equal ones tie, and without one of them (NaN) there is no verdict.</summary>
    internal static Outcome Against(double one, double other) => double.IsNaN(one) || double.IsNaN(other) ? Outcome.Failure
        : one > other ? Outcome.Win : one < other ? Outcome.Loss : Outcome.Tie;

    private static double Value(Outcome outcome) => outcome switch { Outcome.Win => 1, Outcome.Tie => 0.5, _ => 0 };
}
