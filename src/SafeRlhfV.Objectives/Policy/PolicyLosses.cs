using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>The actor's losses: PPO's clipped surrogate, and next-token cross-entropy for PTX.</summary>
public static class PolicyLosses
{
    /// <summary>exp of more than this overflows float32, and then inf × 0 is NaN in the backward pass; no sane update comes near.</summary>
    private const double LargestLogRatio = 80;

    /// <summary>-mean min(ρ A, clip(ρ, 1 - ε, 1 + ε) A), ρ = exp(log π - log π_old).</summary>
    /// <param name="logProbs_BT">log π of the sampled tokens; the gradient flows here.</param>
    /// <param name="oldLogProbs_BT">log π_old; constant.</param>
    /// <param name="advantages_BT">A, as <see cref="Advantages.Combine"/> gives it; constant.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    /// <param name="clipRange">ε.</param>
    /// <param name="reduction">Row means first, or all tokens alike.</param>
    /// <param name="weights_BT">What each token's term is multiplied by (<see cref="ImportanceWeights"/>); constant. Null = 1.</param>
    public static PolicyLoss ClippedSurrogate(
        Tensor logProbs_BT, Tensor oldLogProbs_BT, Tensor advantages_BT, Tensor mask_BT, double clipRange = 0.2, Reduction reduction = Reduction.Row,
        Tensor? weights_BT = null)
    {
        using var scope = NewDisposeScope();
        Tensor advantage_BT = Masked.Zeroed(advantages_BT.detach(), mask_BT);
        Tensor logRatio_BT = LogRatio(logProbs_BT, oldLogProbs_BT, mask_BT), ratio_BT = logRatio_BT.exp();
        Tensor surrogate_BT = Clipped(ratio_BT, advantage_BT, 1 - clipRange, 1 + clipRange);
        if (weights_BT is not null) surrogate_BT = surrogate_BT * Masked.Zeroed(weights_BT.detach(), mask_BT);
        Tensor loss = Masked.Mean(surrogate_BT, mask_BT, reduction).neg();
        using var noGrad = no_grad();
        Tensor excess_BT = ratio_BT.detach().Minus(1);
        Tensor clipped = Masked.Mean(excess_BT.abs().GreaterThan(clipRange).to(excess_BT.dtype), mask_BT, Reduction.Token);
        Tensor kl = Masked.Mean(excess_BT - logRatio_BT.detach(), mask_BT, Reduction.Token);
        return new PolicyLoss(loss.MoveToOuterDisposeScope(), clipped.MoveToOuterDisposeScope(), kl.MoveToOuterDisposeScope());
    }

    /// <summary>
    /// Next-token cross-entropy, the loss of SFT and PTX: the mean of -log π over the tokens to learn; 0 with zero gradient where there are none.
    /// </summary>
    /// <param name="logProbs_BT">log π of the response tokens; the gradient flows here.</param>
    /// <param name="mask_BT">Tokens to learn, bool.</param>
    /// <returns>A scalar.</returns>
    public static Tensor NextToken(Tensor logProbs_BT, Tensor mask_BT)
    {
        using var scope = NewDisposeScope();
        return Masked.Mean(logProbs_BT, mask_BT, Reduction.Token).neg().MoveToOuterDisposeScope();
    }

    /// <summary>log π - log π_old, 0 at invalid places.</summary>
    internal static Tensor LogRatio(Tensor logProbs_BT, Tensor oldLogProbs_BT, Tensor mask_BT) =>
        Masked.Zeroed(logProbs_BT - oldLogProbs_BT.detach(), mask_BT).Within(-LargestLogRatio, LargestLogRatio);

    /// <summary>min(ρ A, clip(ρ) A).</summary>
    internal static Tensor Clipped(Tensor ratio_BT, Tensor advantage_BT, double low, double high) =>
        minimum(ratio_BT * advantage_BT, ratio_BT.Within(low, high) * advantage_BT);
}
