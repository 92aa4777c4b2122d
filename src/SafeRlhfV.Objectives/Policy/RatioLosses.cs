using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The losses of a policy's tokens under the clipping forms of group-relative methods. Their sum over a batch is made by <see cref="BatchSums"/>, so that
/// parts of a batch add up to the whole.
/// </summary>
/// <param name="Losses_BT">The loss of each token, 0 at invalid places; the gradient flows from here.</param>
/// <param name="Ratio_BT">The ratio of each token; 0 at invalid places, constant.</param>
/// <param name="SequenceRatio_B">exp of each answer's mean log-ratio; 1 without tokens, constant.</param>
/// <param name="ClippedLow_BT">1 where the lower clip acts, for a bad answer.</param>
/// <param name="ClippedHigh_BT">1 where the upper clip acts, for a good answer; with CISPO, where the cap acts.</param>
/// <param name="ClippedDual_BT">1 where the dual clip acts.</param>
/// <param name="Divergence_BT">ρ - 1 - log ρ of each token's own ratio: its mean is an estimate of the KL of the update.</param>
public sealed record RatioLosses(
    Tensor Losses_BT, Tensor Ratio_BT, Tensor SequenceRatio_B, Tensor ClippedLow_BT, Tensor ClippedHigh_BT, Tensor ClippedDual_BT, Tensor Divergence_BT)
{
    /// <summary>Computes them.</summary>
    /// <param name="logProbs_BT">log π of the sampled tokens; the gradient flows here.</param>
    /// <param name="oldLogProbs_BT">log π_old; constant.</param>
    /// <param name="advantages_BT">A of each token, or [B, 1] of each answer; constant.</param>
    /// <param name="mask_BT">bool; true is valid. It may have holes.</param>
    /// <param name="options">How.</param>
    /// <param name="weights_BT">What each token's loss is multiplied by (<see cref="ImportanceWeights"/>); constant. Null = 1.</param>
    public static RatioLosses Of(
        Tensor logProbs_BT, Tensor oldLogProbs_BT, Tensor advantages_BT, Tensor mask_BT, RatioOptions options, Tensor? weights_BT = null)
    {
        using var scope = NewDisposeScope();
        Tensor advantage_BT = Masked.Zeroed(advantages_BT.detach().expand_as(mask_BT), mask_BT);
        Tensor logRatio_BT = PolicyLosses.LogRatio(logProbs_BT, oldLogProbs_BT, mask_BT);
        Tensor mean_B1 = logRatio_BT.sum(1, keepdim: true) / mask_BT.sum(1, keepdim: true).clamp(min: Scalars.One);
        Tensor sequence_B1 = mean_B1.exp();
        Tensor ratio_BT = options.Ratio switch
        {
            PolicyRatio.Token => logRatio_BT.exp(),
            PolicyRatio.Sequence => sequence_B1.expand_as(mask_BT),
            _ => sequence_B1.detach() * (logRatio_BT - logRatio_BT.detach()).exp(),
        };
        (double low, double high) = (1 - options.ClipLow, 1 + options.ClipHigh);
        Tensor loss_BT;
        if (options.CispoCap is { } cap) loss_BT = (ratio_BT.detach().Within(0, cap) * advantage_BT * Masked.Zeroed(logProbs_BT, mask_BT)).neg();
        else
        {
            Tensor surrogate_BT = PolicyLosses.Clipped(ratio_BT, advantage_BT, low, high);
            if (options.DualClip is { } dual)
                surrogate_BT = where(advantage_BT.lt(Scalars.Zero), maximum(surrogate_BT, advantage_BT.Times(dual)), surrogate_BT);
            loss_BT = surrogate_BT.neg();
        }
        if (weights_BT is not null) loss_BT = loss_BT * Masked.Zeroed(weights_BT.detach(), mask_BT);
        loss_BT = Masked.Zeroed(loss_BT, mask_BT);

        using var noGrad = no_grad();
        Tensor found_BT = Masked.Zeroed(ratio_BT.detach(), mask_BT), log_BT = logRatio_BT.detach();
        Tensor bad_BT = advantage_BT.lt(Scalars.Zero), good_BT = advantage_BT.gt(Scalars.Zero);
        Tensor clippedLow_BT = options.CispoCap is null ? found_BT.LessThan(low).logical_and(bad_BT) : zeros_like(bad_BT);
        Tensor clippedHigh_BT = options.CispoCap is { } bound ? found_BT.GreaterThan(bound) : found_BT.GreaterThan(high).logical_and(good_BT);
        Tensor clippedDual_BT = options.DualClip is { } delta ? found_BT.GreaterThan(delta).logical_and(bad_BT) : zeros_like(bad_BT);
        return new RatioLosses(
            loss_BT.MoveToOuterDisposeScope(), found_BT.MoveToOuterDisposeScope(), sequence_B1.detach().squeeze(1).MoveToOuterDisposeScope(),
            Is(clippedLow_BT).MoveToOuterDisposeScope(), Is(clippedHigh_BT).MoveToOuterDisposeScope(), Is(clippedDual_BT).MoveToOuterDisposeScope(),
            (log_BT.exp().Minus(1) - log_BT).MoveToOuterDisposeScope());

        Tensor Is(Tensor flags_BT) => flags_BT.to(found_BT.dtype);
    }
}
