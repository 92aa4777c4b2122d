using System.Numerics;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Turns the two end scores of a response and its divergence from the reference into a reward and a cost for each token. Works on the tokens of one response on
/// the host, so there is no padding.
/// </summary>
public static class KlShaping
{
    /// <summary>k_t = log π_old(y_t) - log π_ref(y_t); r_t = -β k_t, c_t = +β k_t; the last token also gets R and C; all clamped to ±clipScore.</summary>
    /// <param name="logProbs">log π_old of the sampled tokens.</param>
    /// <param name="referenceLogProbs">log π_ref of them.</param>
    /// <param name="reward">R(x, y).</param>
    /// <param name="cost">C(x, y).</param>
    /// <param name="beta">Weight β of the divergence.</param>
    /// <param name="clipScore">Bound on each token's reward and cost.</param>
    /// <param name="rewards">Receives r.</param>
    /// <param name="costs">Receives c.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static void Shape<T>(
        ReadOnlySpan<T> logProbs, ReadOnlySpan<T> referenceLogProbs, T reward, T cost, double beta, double clipScore, Span<T> rewards, Span<T> costs)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (referenceLogProbs.Length != logProbs.Length || rewards.Length != logProbs.Length || costs.Length != logProbs.Length)
            throw new ArgumentException($"{logProbs.Length} log-probabilities, {referenceLogProbs.Length} of the reference: every token needs one of each, "
                + "and room for both scores.");
        T weight = T.CreateChecked(beta), bound = T.CreateChecked(clipScore);
        int last = logProbs.Length - 1;
        for (int at = 0; at <= last; at++)
        {
            T penalty = (logProbs[at] - referenceLogProbs[at]) * weight;
            rewards[at] = T.Clamp(at == last ? reward - penalty : -penalty, -bound, bound);
            costs[at] = T.Clamp(at == last ? penalty + cost : penalty, -bound, bound);
        }
    }

    /// <summary>Σ k_t: the estimate of KL(π_old ‖ π_ref) that one sampled response gives, in float64.</summary>
    /// <param name="logProbs">log π_old of the sampled tokens.</param>
    /// <param name="referenceLogProbs">log π_ref of them.</param>
    public static double Divergence<T>(ReadOnlySpan<T> logProbs, ReadOnlySpan<T> referenceLogProbs) where T : unmanaged, IFloatingPointIeee754<T>
    {
        double sum = 0;
        for (int at = 0; at < logProbs.Length; at++) sum += double.CreateChecked(logProbs[at]) - double.CreateChecked(referenceLogProbs[at]);
        return sum;
    }
}
