using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Next-token cross-entropy, the loss of SFT and PTX: the output at t meets the label at t + 1, mean over labelled tokens. Work is done, and gradients are
/// made, at labelled positions only; without any the loss is 0 with zero gradients (plain cross-entropy gives NaN).
/// </summary>
public static class NextTokenLoss
{
    /// <summary>The label that asks for no loss.</summary>
    public const long Ignored = -100;

    private static readonly Scalar IgnoredLabel = Ignored;

    /// <summary>From logits.</summary>
    /// <param name="logits_BLV">Any floating type; computed in float32 or better.</param>
    /// <param name="labels_BL">int64 ids or <see cref="Ignored"/>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor FromLogits(Tensor logits_BLV, Tensor labels_BL)
    {
        using var scope = NewDisposeScope();
        (Tensor at_N, Tensor targets_N) = Labelled(labels_BL);
        Tensor logits_NV = logits_BLV.flatten(0, 1).index_select(0, at_N);
        return Mean(TokenLogProbabilities.FromLogits(logits_NV, targets_N)).MoveToOuterDisposeScope();
    }

    /// <summary>From hidden states and the output matrix, without ever holding the logits (see <see cref="TokenLogProbabilities.FromHidden"/>).</summary>
    /// <param name="hidden_BLH">Hidden states after the final norm.</param>
    /// <param name="weight_VH">The output matrix.</param>
    /// <param name="labels_BL">int64 ids or <see cref="Ignored"/>.</param>
    /// <returns>A scalar.</returns>
    public static Tensor FromHidden(Tensor hidden_BLH, Tensor weight_VH, Tensor labels_BL)
    {
        using var scope = NewDisposeScope();
        (Tensor at_N, Tensor targets_N) = Labelled(labels_BL);
        Tensor hidden_NH = hidden_BLH.flatten(0, 1).index_select(0, at_N);
        return Mean(TokenLogProbabilities.FromHidden(hidden_NH, weight_VH, targets_N)).MoveToOuterDisposeScope();
    }

    /// <summary>How many labels ask for a loss.</summary>
    public static long Targets(Tensor labels_BL)
    {
        using var scope = NewDisposeScope();
        return labels_BL.narrow(1, 1, labels_BL.shape[1] - 1).ne(IgnoredLabel).sum().item<long>();
    }

    private static (Tensor At_N, Tensor Targets_N) Labelled(Tensor labels_BL)
    {
        Tensor next_BL = full_like(labels_BL, IgnoredLabel);
        long length = labels_BL.shape[1];
        next_BL.narrow(1, 0, length - 1).copy_(labels_BL.narrow(1, 1, length - 1));
        Tensor flat = next_BL.flatten();
        Tensor at_N = flat.ne(IgnoredLabel).nonzero().squeeze(1);
        return (at_N, flat.index_select(0, at_N));
    }

    private static Tensor Mean(Tensor logProbs_N) => logProbs_N.sum().neg().Over(Math.Max(1, logProbs_N.shape[0]));
}
