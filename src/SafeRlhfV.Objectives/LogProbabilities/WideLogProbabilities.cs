using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The chunked log-probability with its own backward pass. With p = softmax(logits) and upstream g: ∂/∂h_n = g_n (W[y_n] - p_n W), whose bracket the forward
/// pass can make while the chunk is in cache; ∂/∂W = Σ_n g_n (1[y_n] - p_n) h_nᵀ needs g. The exponentials of the first rows are kept for it, as far as they
/// fit into a fixed amount of memory; the backward pass makes the chunks of the others once more.
/// </summary>
internal sealed class WideLogProbabilities : CustomFunction<WideLogProbabilities>
{
    /// <summary>Small enough for a last-level cache, large enough for full-speed matrix products.</summary>
    public const long DefaultChunkBytes = 16 << 20;

    /// <summary>What exponentials may take until the backward pass. It saves a fourth of the work where all fit.</summary>
    public const long DefaultKeptBytes = 128 << 20;

    public static ScalarType ResultType(ScalarType type) => type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    public static Tensor Run(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, long chunkBytes, Tensor? entropy,
        long keptBytes = DefaultKeptBytes)
    {
        // checked here because a mismatch inside matmul ends the process
        if (hidden_NH.dim() != 2 || weight_VH.dim() != 2 || labels_N.dim() != 1 || hidden_NH.shape[1] != weight_VH.shape[1]
            || hidden_NH.shape[0] != labels_N.shape[0])
            throw new ArgumentException(
                $"Hidden [{string.Join(", ", hidden_NH.shape)}], weight [{string.Join(", ", weight_VH.shape)}] and labels "
                    + $"[{string.Join(", ", labels_N.shape)}] must be [N, H], [V, H] and [N].");
        if (hidden_NH.dtype != weight_VH.dtype) throw new ArgumentException($"Hidden is {hidden_NH.dtype} but the weight is {weight_VH.dtype}.");
        using var scope = NewDisposeScope();
        long rows = Math.Max(1, chunkBytes / (4 * weight_VH.shape[0]));
        bool wanted = is_grad_enabled() && (hidden_NH.requires_grad || weight_VH.requires_grad);
        bool weightGradient = wanted && weight_VH.requires_grad;
        long size = ResultType(hidden_NH.dtype) == ScalarType.Float64 ? 8 : 4;
        long kept = weightGradient ? Math.Min(labels_N.shape[0], keptBytes / (size * weight_VH.shape[0])) : 0;
        Settings settings = new(rows, kept, entropy, wanted && hidden_NH.requires_grad, weightGradient);
        // the view: autograd copies a gradient that a managed tensor still holds before it gives it to a leaf; that of a view it hands on
        Tensor result = wanted
            ? apply(hidden_NH, weight_VH.view(weight_VH.shape), labels_N, settings)
            : Forward(hidden_NH, weight_VH, labels_N, settings).LogProbs_N;
        return result.MoveToOuterDisposeScope();
    }

    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        (Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Settings settings) =
            ((Tensor)arguments[0], (Tensor)arguments[1], (Tensor)arguments[2], (Settings)arguments[3]);
        Made made = Forward(hidden_NH, weight_VH, labels_N, settings);
        // they are saved only when forward has returned, so this scope must not free them: Run's does
        foreach (Tensor? one in (Tensor?[])[made.LogNormaliser_N, made.Direction_NH, made.Kept_KV, made.KeptSum_K]) one?.MoveToOuterDisposeScope();
        Tensor none = made.LogNormaliser_N; // stands where there is nothing to save
        context.save_for_backward([hidden_NH, weight_VH, labels_N, none, made.Direction_NH ?? none, made.Kept_KV ?? none, made.KeptSum_K ?? none]);
        context.save_data("settings", settings);
        return made.LogProbs_N.MoveToOuterDisposeScope();
    }

    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Settings settings = (Settings)context.get_data("settings");
        List<Tensor> saved = context.get_saved_variables();
        (Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Tensor logNormaliser_N) = (saved[0], saved[1], saved[2], saved[3]);
        Tensor? hiddenGradient_NH = settings.HiddenGradient ? saved[4].mul(gradient.unsqueeze(1)).to(hidden_NH.dtype).MoveToOuterDisposeScope() : null;
        Tensor? weightGradient_VH = settings.WeightGradient
            ? WeightGradient(hidden_NH, weight_VH, labels_N, logNormaliser_N, saved[5], saved[6], gradient, settings).MoveToOuterDisposeScope()
            : null;
        return [hiddenGradient_NH, weightGradient_VH, null, null];
    }

    private static Made Forward(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Settings settings)
    {
        using var noGrad = no_grad();
        (ScalarType type, long count, Device device) = (ResultType(hidden_NH.dtype), hidden_NH.shape[0], hidden_NH.device);
        Tensor logProbs_N = empty(count, dtype: type, device: device), logNormaliser_N = empty_like(logProbs_N);
        Tensor? direction_NH = settings.HiddenGradient ? empty(count, hidden_NH.shape[1], dtype: type, device: device) : null;
        Tensor? kept_KV = settings.Kept > 0 ? empty(settings.Kept, weight_VH.shape[0], dtype: type, device: device) : null;
        Tensor? keptSum_K = settings.Kept > 0 ? empty(settings.Kept, dtype: type, device: device) : null;
        foreach ((long start, long rows) in Chunks(0, count, settings))
        {
            using var scope = NewDisposeScope();
            bool isKept = start < settings.Kept;
            Tensor labels_n = labels_N.narrow(0, start, rows), logits_nV = isKept ? kept_KV!.narrow(0, start, rows) : empty(rows, weight_VH.shape[0],
                dtype: type, device: device);
            Logits(hidden_NH.narrow(0, start, rows), weight_VH, logits_nV);
            Tensor chosen_n = logits_nV.gather(1, labels_n.unsqueeze(1)).squeeze(1);
            Tensor greatest_n = logits_nV.amax(new long[] { 1 });
            logits_nV.sub_(greatest_n.unsqueeze(1));
            // from here the chunk holds exp(logit - greatest), in place
            Tensor? shifted_nV = settings.Entropy is null ? null : logits_nV.clone();
            Tensor exponentials_nV = logits_nV.exp_();
            Tensor sum_n = exponentials_nV.sum(1), normaliser_n = sum_n.log().Plus(greatest_n);
            if (shifted_nV is not null)
            {
                // H = log Σ e^(x - m) - Σ p (x - m); logits of -inf have p = 0 and add nothing
                Tensor entropySum_n = shifted_nV.masked_fill_(exponentials_nV.eq(Scalars.Zero), Scalars.Zero).mul_(exponentials_nV).sum(1);
                settings.Entropy!.narrow(0, start, rows).copy_(sum_n.log() - entropySum_n / sum_n);
            }
            logProbs_N.narrow(0, start, rows).copy_(chosen_n - normaliser_n);
            logNormaliser_N.narrow(0, start, rows).copy_(normaliser_n);
            if (isKept) keptSum_K!.narrow(0, start, rows).copy_(sum_n);
            if (direction_NH is null) continue;
            Tensor expected_nH = Expected(exponentials_nV, weight_VH, type).div_(sum_n.unsqueeze(1));
            direction_NH.narrow(0, start, rows).copy_(weight_VH.index_select(0, labels_n).to(type).sub_(expected_nH));
        }
        return new(logProbs_N, logNormaliser_N, direction_NH, kept_KV, keptSum_K);
    }

    // a chunk is kept as a whole or not at all
    private static IEnumerable<(long Start, long Rows)> Chunks(long start, long count, Settings settings)
    {
        while (start < count)
        {
            long rows = Math.Min(settings.Rows, (start < settings.Kept ? settings.Kept : count) - start);
            yield return (start, rows);
            start += rows;
        }
    }

    private static void Logits(Tensor hidden_nH, Tensor weight_VH, Tensor into_nV)
    {
        if (HalfProducts.AreSlow(weight_VH)) into_nV.copy_(HalfProducts.TimesTransposed(hidden_nH, weight_VH));
        else if (into_nV.dtype == weight_VH.dtype) into_nV.addmm_(hidden_nH, weight_VH.t(), beta: 0, alpha: 1);
        else into_nV.copy_(hidden_nH.mm(weight_VH.t()));
    }

    private static Tensor Expected(Tensor exponentials_nV, Tensor weight_VH, ScalarType type) =>
        HalfProducts.AreSlow(weight_VH) ? HalfProducts.Times(exponentials_nV, weight_VH) : exponentials_nV.to(weight_VH.dtype).mm(weight_VH).to(type);

    private static Tensor WeightGradient(
        Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Tensor logNormaliser_N, Tensor kept_KV, Tensor keptSum_K, Tensor gradient_N, Settings settings)
    {
        // chunks are summed in float32 or better: in bf16 a late chunk would be rounded away
        ScalarType type = ResultType(weight_VH.dtype);
        Tensor sum_VH = empty(weight_VH.shape, dtype: type, device: weight_VH.device);
        // g is folded into h, and so are the sums of what was kept: the wide chunks are not read and written once more
        Tensor scaled_NH = hidden_NH.to(type) * gradient_N.unsqueeze(1);
        if (settings.Kept > 0) sum_VH.addmm_(kept_KV.t(), scaled_NH.narrow(0, 0, settings.Kept) / keptSum_K.unsqueeze(1), beta: 0, alpha: -1);
        else sum_VH.zero_();
        foreach ((long start, long rows) in Chunks(settings.Kept, hidden_NH.shape[0], settings))
        {
            using var scope = NewDisposeScope();
            Tensor logits_nV = empty(rows, weight_VH.shape[0], dtype: type, device: weight_VH.device);
            Logits(hidden_NH.narrow(0, start, rows), weight_VH, logits_nV);
            Tensor probs_nV = logits_nV.sub_(logNormaliser_N.narrow(0, start, rows).unsqueeze(1)).exp_();
            sum_VH.addmm_(probs_nV.t(), scaled_NH.narrow(0, start, rows), beta: 1, alpha: -1);
        }
        return sum_VH.index_add_(0, labels_N, scaled_NH, Scalars.One).to(weight_VH.dtype);
    }

    private sealed record Settings(long Rows, long Kept, Tensor? Entropy, bool HiddenGradient, bool WeightGradient);

    private sealed record Made(Tensor LogProbs_N, Tensor LogNormaliser_N, Tensor? Direction_NH, Tensor? Kept_KV, Tensor? KeptSum_K);
}
