using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The chunked log-probability with its own backward pass. With p = softmax(logits) and upstream g: ∂/∂h_n = g_n (W[y_n] - p_n W), whose bracket the forward
/// pass can make while the chunk is in cache; ∂/∂W = Σ_n g_n (1[y_n] - p_n) h_nᵀ needs g, so the backward pass makes each chunk once more.
/// </summary>
internal sealed class WideLogProbabilities : autograd.SingleTensorFunction<WideLogProbabilities>
{
    /// <summary>Small enough for a last-level cache, large enough for full-speed matrix products.</summary>
    public const long DefaultChunkBytes = 16 << 20;

    public override string Name => nameof(WideLogProbabilities);

    public static ScalarType ResultType(ScalarType type) => type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    public static Tensor Run(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, long chunkBytes, Tensor? entropy)
    {
        // checked here because a mismatch inside matmul or a custom backward ends the process
        if (hidden_NH.dim() != 2 || weight_VH.dim() != 2 || labels_N.dim() != 1 || hidden_NH.shape[1] != weight_VH.shape[1]
            || hidden_NH.shape[0] != labels_N.shape[0])
            throw new ArgumentException(
                $"Hidden [{string.Join(", ", hidden_NH.shape)}], weight [{string.Join(", ", weight_VH.shape)}] and labels "
                    + $"[{string.Join(", ", labels_N.shape)}] must be [N, H], [V, H] and [N].");
        if (hidden_NH.dtype != weight_VH.dtype) throw new ArgumentException($"Hidden is {hidden_NH.dtype} but the weight is {weight_VH.dtype}.");
        using var scope = NewDisposeScope();
        long rows = Math.Max(1, chunkBytes / (4 * weight_VH.shape[0]));
        bool wanted = is_grad_enabled() && (hidden_NH.requires_grad || weight_VH.requires_grad);
        Settings settings = new(rows, entropy, wanted && hidden_NH.requires_grad, wanted && weight_VH.requires_grad);
        Tensor result = wanted ? apply(hidden_NH, weight_VH, labels_N, settings) : Forward(hidden_NH, weight_VH, labels_N, settings).LogProbs_N;
        return result.MoveToOuterDisposeScope();
    }

    public override Tensor forward(autograd.AutogradContext context, params object[] vars)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        (Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Settings settings) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor)vars[2], (Settings)vars[3]);
        (Tensor logProbs_N, Tensor logNormaliser_N, Tensor? direction_NH) = Forward(hidden_NH, weight_VH, labels_N, settings);
        // they are saved only when forward has returned, so this scope must not free them: Run's does
        logNormaliser_N.MoveToOuterDisposeScope();
        direction_NH?.MoveToOuterDisposeScope();
        context.save_for_backward([hidden_NH, weight_VH, labels_N, logNormaliser_N, direction_NH ?? logNormaliser_N]);
        context.save_data("settings", settings);
        return logProbs_N.MoveToOuterDisposeScope();
    }

    public override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Settings settings = (Settings)context.get_data("settings");
        List<Tensor> saved = context.get_saved_variables();
        (Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Tensor logNormaliser_N, Tensor direction_NH) = (saved[0], saved[1], saved[2], saved[3], saved[4]);
        Tensor? hiddenGradient_NH = settings.HiddenGradient ? direction_NH.mul(gradient.unsqueeze(1)).to(hidden_NH.dtype).MoveToOuterDisposeScope() : null;
        Tensor? weightGradient_VH = settings.WeightGradient
            ? WeightGradient(hidden_NH, weight_VH, labels_N, logNormaliser_N, gradient, settings.Rows).MoveToOuterDisposeScope()
            : null;
        return [hiddenGradient_NH!, weightGradient_VH!, null!, null!];
    }

    private static (Tensor LogProbs_N, Tensor LogNormaliser_N, Tensor? Direction_NH) Forward(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N,
        Settings settings)
    {
        using var noGrad = no_grad();
        (ScalarType type, long count) = (ResultType(hidden_NH.dtype), hidden_NH.shape[0]);
        Tensor logProbs_N = empty(count, dtype: type, device: hidden_NH.device), logNormaliser_N = empty_like(logProbs_N);
        Tensor? direction_NH = settings.HiddenGradient ? empty(count, hidden_NH.shape[1], dtype: type, device: hidden_NH.device) : null;
        for (long start = 0; start < count; start += settings.Rows)
        {
            using var scope = NewDisposeScope();
            long rows = Math.Min(settings.Rows, count - start);
            Tensor logits_nV = Logits(hidden_NH.narrow(0, start, rows), weight_VH, type), labels_n = labels_N.narrow(0, start, rows);
            Tensor chosen_n = logits_nV.gather(1, labels_n.unsqueeze(1)).squeeze(1);
            Tensor greatest_n = logits_nV.amax(new long[] { 1 });
            // from here the chunk holds exp(logit - greatest), in place
            Tensor entropySum_n = null!;
            logits_nV.sub_(greatest_n.unsqueeze(1));
            Tensor exponentials_nV = settings.Entropy is null ? logits_nV.exp_() : logits_nV.exp();
            Tensor sum_n = exponentials_nV.sum(1), normaliser_n = sum_n.log().Plus(greatest_n);
            if (settings.Entropy is not null)
            {
                // H = log Σ e^(x - m) - Σ p (x - m); logits of -inf have p = 0 and add nothing
                entropySum_n = logits_nV.masked_fill_(exponentials_nV.eq(Scalars.Zero), Scalars.Zero).mul_(exponentials_nV).sum(1);
                settings.Entropy.narrow(0, start, rows).copy_(sum_n.log() - entropySum_n / sum_n);
            }
            logProbs_N.narrow(0, start, rows).copy_(chosen_n - normaliser_n);
            logNormaliser_N.narrow(0, start, rows).copy_(normaliser_n);
            if (direction_NH is null) continue;
            Tensor expected_nH = Expected(exponentials_nV, weight_VH, type).div_(sum_n.unsqueeze(1));
            direction_NH.narrow(0, start, rows).copy_(weight_VH.index_select(0, labels_n).to(type).sub_(expected_nH));
        }
        return (logProbs_N, logNormaliser_N, direction_NH);
    }

    private static Tensor Logits(Tensor hidden_nH, Tensor weight_VH, ScalarType type) =>
        HalfProducts.AreSlow(weight_VH) ? HalfProducts.TimesTransposed(hidden_nH, weight_VH) : hidden_nH.mm(weight_VH.t()).to(type);

    private static Tensor Expected(Tensor exponentials_nV, Tensor weight_VH, ScalarType type) =>
        HalfProducts.AreSlow(weight_VH) ? HalfProducts.Times(exponentials_nV, weight_VH) : exponentials_nV.to(weight_VH.dtype).mm(weight_VH).to(type);

    private static Tensor WeightGradient(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Tensor logNormaliser_N, Tensor gradient_N, long chunk)
    {
        // chunks are summed in float32 or better: in bf16 a late chunk would be rounded away
        ScalarType type = ResultType(weight_VH.dtype);
        Tensor sum_VH = zeros(weight_VH.shape, dtype: type, device: weight_VH.device);
        Tensor scaled_NH = hidden_NH.to(type) * gradient_N.unsqueeze(1);
        for (long start = 0; start < hidden_NH.shape[0]; start += chunk)
        {
            using var scope = NewDisposeScope();
            long rows = Math.Min(chunk, hidden_NH.shape[0] - start);
            Tensor logits_nV = Logits(hidden_NH.narrow(0, start, rows), weight_VH, type);
            Tensor probs_nV = logits_nV.sub_(logNormaliser_N.narrow(0, start, rows).unsqueeze(1)).exp_();
            // g is folded into h, so that the wide chunk is not read and written once more
            sum_VH.addmm_(probs_nV.t(), scaled_NH.narrow(0, start, rows), beta: 1, alpha: -1);
        }
        return sum_VH.index_add_(0, labels_N, scaled_NH, Scalars.One).to(weight_VH.dtype);
    }

    private sealed record Settings(long Rows, Tensor? Entropy, bool HiddenGradient, bool WeightGradient);
}
