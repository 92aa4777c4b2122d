using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Log-probabilities of given tokens, in float32 or better whatever the logits' type.</summary>
public static class TokenLogProbabilities
{
    /// <summary>log softmax(logits)[label].</summary>
    /// <param name="logits">[..., V].</param>
    /// <param name="labels">int64 [...].</param>
    /// <returns>[...].</returns>
    public static Tensor FromLogits(Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        return ChosenLogProbabilities.Run(Precision.AtLeastSingle(logits), labels).MoveToOuterDisposeScope();
    }

    /// <summary>-Σ p log p of each position, in nats, without a gradient; tokens of probability 0 (logit -inf) add nothing.</summary>
    /// <param name="logits">[..., V].</param>
    /// <returns>[...].</returns>
    public static Tensor Entropy(Tensor logits)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor logProbs = nn.functional.log_softmax(Precision.AtLeastSingle(logits), -1), probs = logProbs.exp();
        // in place: logits of a batch are among its largest tensors
        return logProbs.masked_fill_(probs.eq(Scalars.Zero), Scalars.Zero).mul_(probs).sum(-1).neg().MoveToOuterDisposeScope();
    }

    /// <summary>
    /// log softmax(hidden · weightᵀ)[label] of each token, without holding [N, V] logits: they are made in chunks. The weight's gradient needs them
    /// again in the backward pass: 128 MiB of them are kept until then, the others are made a second time.
    /// </summary>
    /// <param name="hidden_NH">Hidden states of the tokens that count, after the final norm: the state before each label.</param>
    /// <param name="weight_VH">The output matrix, of the hidden states' type.</param>
    /// <param name="labels_N">int64.</param>
    /// <param name="chunkBytes">What one chunk of logits may take in float32.</param>
    /// <param name="keptBytes">What the weight's gradient may keep of them.</param>
    /// <returns>[N], with gradients to both tensors.</returns>
    /// <exception cref="ArgumentException">Shapes or types do not fit together, or a label is not below V.</exception>
    public static Tensor FromHidden(
        Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, long chunkBytes = WideLogProbabilities.DefaultChunkBytes,
        long keptBytes = WideLogProbabilities.DefaultKeptBytes) =>
        WideLogProbabilities.Run(hidden_NH, weight_VH, labels_N, chunkBytes, entropy: null, keptBytes);

    /// <summary>The same with each position's entropy in nats, [N], which carries no gradient.</summary>
    public static (Tensor LogProbs_N, Tensor Entropy_N) FromHiddenWithEntropy(
        Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, long chunkBytes = WideLogProbabilities.DefaultChunkBytes)
    {
        Tensor entropy_N = empty(hidden_NH.shape[0], dtype: WideLogProbabilities.ResultType(hidden_NH.dtype), device: hidden_NH.device);
        return (WideLogProbabilities.Run(hidden_NH, weight_VH, labels_N, chunkBytes, entropy_N), entropy_N);
    }
}
