using System.Numerics;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Estimates of KL(π ‖ π_ref), token by token.</summary>
public static class KlEstimates
{
    /// <summary>Of a batch's tokens, as a loss; 0 at invalid places.</summary>
    /// <param name="logProbs_BT">log π; the gradient flows here.</param>
    /// <param name="referenceLogProbs_BT">log π_ref; constant.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    /// <param name="estimator">Which.</param>
    /// <param name="oldLogProbs_BT">
    /// log π_old of the policy that sampled: each estimate is then multiplied by π / π_old, with its gradient, which makes it right off-policy. Null = not.
    /// </param>
    public static Tensor Tokens(Tensor logProbs_BT, Tensor referenceLogProbs_BT, Tensor mask_BT, KlEstimator estimator, Tensor? oldLogProbs_BT = null)
    {
        using var scope = NewDisposeScope();
        Tensor d_BT = Masked.Zeroed(logProbs_BT, mask_BT) - Masked.Zeroed(referenceLogProbs_BT.detach(), mask_BT);
        Tensor estimate_BT = estimator switch
        {
            KlEstimator.K1 => d_BT,
            KlEstimator.K2 => d_BT.Squared().Over(2),
            _ => d_BT.neg().exp().Minus(1).Plus(d_BT),
        };
        if (oldLogProbs_BT is not null) estimate_BT = estimate_BT * PolicyLosses.LogRatio(logProbs_BT, oldLogProbs_BT, mask_BT).exp();
        return Masked.Zeroed(estimate_BT, mask_BT).MoveToOuterDisposeScope();
    }

    /// <summary>Of each token of one sampled answer, as a penalty in its reward.</summary>
    /// <param name="logProbs">log π of the policy that sampled.</param>
    /// <param name="referenceLogProbs">log π_ref.</param>
    /// <param name="estimator">Which.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double[] Tokens<T>(ReadOnlySpan<T> logProbs, ReadOnlySpan<T> referenceLogProbs, KlEstimator estimator) where T : IFloatingPointIeee754<T>
    {
        if (logProbs.Length != referenceLogProbs.Length)
            throw new ArgumentException($"{logProbs.Length} log-probabilities, and {referenceLogProbs.Length} of the reference.");
        double[] estimates = new double[logProbs.Length];
        for (int t = 0; t < estimates.Length; t++)
        {
            double d = double.CreateChecked(logProbs[t]) - double.CreateChecked(referenceLogProbs[t]);
            estimates[t] = estimator switch
            {
                KlEstimator.K1 => d,
                KlEstimator.K2 => d * d / 2,
                _ => Math.Exp(-d) - 1 + d,
            };
        }
        return estimates;
    }
}
