namespace SafeRlhfV.Objectives;

/// <summary>
/// How far an engine's probabilities μ are from the policy's own π_old, over the tokens of a round. A mean near 1 can hide large ratios both ways; the shares
/// show them.
/// </summary>
/// <param name="Mean">Mean of π_old / μ; 1 in expectation where the engine samples from μ.</param>
/// <param name="P95">95th percentile of π_old / μ.</param>
/// <param name="OutsideShare">Share of the tokens whose ratio is outside [0.9, 1.1].</param>
/// <param name="CappedShare">Share of the tokens whose ratio is above the cap C.</param>
public sealed record EngineMismatch(double Mean, double P95, double OutsideShare, double CappedShare)
{
    private const double Low = 0.9, High = 1.1, Percentile = 0.95;

    /// <summary>Compares the log-probabilities of sampled tokens.</summary>
    /// <param name="tokens">log π_old and log μ of each token.</param>
    /// <param name="cap">C.</param>
    /// <returns>Null without tokens.</returns>
    public static EngineMismatch? Of(IEnumerable<(float LogProb, float EngineLogProb)> tokens, double cap)
    {
        double[] ratios = [.. tokens.Select(token => Math.Exp((double)token.LogProb - token.EngineLogProb)).Order()];
        if (ratios.Length == 0) return null;
        double Share(Func<double, bool> counts) => ratios.Count(counts) / (double)ratios.Length;
        int at = (int)Math.Ceiling(Percentile * ratios.Length) - 1;
        return new(ratios.Average(), ratios[at], Share(ratio => ratio is < Low or > High), Share(ratio => ratio > cap));
    }
}
