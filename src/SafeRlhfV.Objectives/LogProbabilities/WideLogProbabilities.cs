using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The chunked log-probability with its own backward pass. With p = softmax(logits) and upstream g: ∂/∂h_n = g_n (W[y_n] - p_n W), whose bracket the forward
/// pass can make while the chunk is in cache; ∂/∂W = Σ_n g_n (1[y_n] - p_n) h_nᵀ needs g. The exponentials of the first columns are kept for it, as far as
/// they fit into a fixed amount of memory; the backward pass makes the others once more. A chunk is a block of rows and columns as square as it can be: a
/// product copies both factors into an order of its own, and for a flat chunk it would copy the whole weight for a few rows. A row's maximum, sum and bracket
/// are carried from one chunk of columns to the next (online softmax, arXiv 1805.02867).
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
        (long count, long vocabulary) = (labels_N.shape[0], weight_VH.shape[0]);
        if (count > 0 && (labels_N.amin().item<long>(), labels_N.amax().item<long>()) is var (least, greatest) && (least < 0 || greatest >= vocabulary))
            throw new ArgumentException($"Labels go from {least} to {greatest}, but the weight has {vocabulary} rows.");
        bool wanted = is_grad_enabled() && (hidden_NH.requires_grad || weight_VH.requires_grad);
        bool weightGradient = wanted && weight_VH.requires_grad;
        long size = ResultType(hidden_NH.dtype) == ScalarType.Float64 ? 8 : 4, area = Math.Max(1, chunkBytes / size);
        long rows = Math.Max(1, Math.Min(count, Math.Max(area / vocabulary, (long)Math.Sqrt(area))));
        long columns = Even(vocabulary, Math.Max(1, area / rows));
        long kept = weightGradient ? Math.Min(vocabulary, keptBytes / (size * columns * Math.Max(1, count)) * columns) : 0;
        Settings settings = new(rows, columns, kept, entropy, wanted && hidden_NH.requires_grad, weightGradient);
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
        foreach (Tensor? one in (Tensor?[])[made.Greatest_N, made.Sum_N, made.Direction_NH, made.Kept, made.KeptGreatest_CN]) one?.MoveToOuterDisposeScope();
        Tensor none = made.Sum_N; // stands where there is nothing to save
        context.save_for_backward(
            [hidden_NH, weight_VH, labels_N, made.Greatest_N, made.Sum_N, made.Direction_NH ?? none, made.Kept ?? none, made.KeptGreatest_CN ?? none]);
        context.save_data("settings", settings);
        return made.LogProbs_N.MoveToOuterDisposeScope();
    }

    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Settings settings = (Settings)context.get_data("settings");
        List<Tensor> saved = context.get_saved_variables();
        Tensor hidden_NH = saved[0], weight_VH = saved[1];
        Made made = new(gradient, saved[3], saved[4], saved[5], saved[6], saved[7]);
        Tensor? hiddenGradient_NH = settings.HiddenGradient
            ? made.Direction_NH!.mul(gradient.unsqueeze(1)).to(hidden_NH.dtype).MoveToOuterDisposeScope()
            : null;
        Tensor? weightGradient_VH = settings.WeightGradient
            ? WeightGradient(hidden_NH, weight_VH, labels_N: saved[2], made, gradient, settings).MoveToOuterDisposeScope()
            : null;
        return [hiddenGradient_NH, weightGradient_VH, null, null];
    }

    private static Made Forward(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Settings settings)
    {
        using var noGrad = no_grad();
        (ScalarType type, long count, Device device) = (ResultType(hidden_NH.dtype), hidden_NH.shape[0], hidden_NH.device);
        Made made = new(
            empty(count, dtype: type, device: device),
            empty(count, dtype: type, device: device),
            empty(count, dtype: type, device: device),
            settings.HiddenGradient ? empty(count, hidden_NH.shape[1], dtype: type, device: device) : null,
            settings.Kept > 0 ? empty(settings.Kept * count, dtype: type, device: device) : null,
            settings.Kept > 0 ? empty((settings.Kept + settings.Columns - 1) / settings.Columns, count, dtype: type, device: device) : null);
        foreach ((long start, long rows) in Parts(count, settings.Rows)) ForwardRows(hidden_NH, weight_VH, labels_N, made, settings, start, rows);
        return made;
    }

    private static void ForwardRows(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Made made, Settings settings, long start, long rows)
    {
        using var scope = NewDisposeScope();
        using Scalar lowest = (double)float.MinValue;
        Tensor hidden_nH = hidden_NH.narrow(0, start, rows), labels_n = labels_N.narrow(0, start, rows), chosen_n = made.LogProbs_N.narrow(0, start, rows);
        Tensor greatest_n = made.Greatest_N.narrow(0, start, rows), sum_n = made.Sum_N.narrow(0, start, rows);
        Tensor? direction_nH = made.Direction_NH?.narrow(0, start, rows), entropySum_n = settings.Entropy is null ? null : empty_like(sum_n);
        foreach ((long from, long columns) in Parts(weight_VH.shape[0], settings.Columns))
        {
            using var chunk = NewDisposeScope();
            Tensor weight_vH = weight_VH.narrow(0, from, columns);
            Tensor logits_nv = from < settings.Kept
                ? made.KeptChunk(from, columns, start, rows)
                : empty(rows, columns, dtype: sum_n.dtype, device: sum_n.device);
            Logits(hidden_nH, weight_vH, logits_nv);
            Tensor at_n = labels_n.Minus(from), isHere_n = at_n.ge(Scalars.Zero).logical_and_(at_n.LessThan(columns));
            Tensor here_n = logits_nv.gather(1, at_n.mul_(isHere_n).unsqueeze(1)).squeeze(1);
            chosen_n.copy_(from == 0 ? here_n : where(isHere_n, here_n, chosen_n));
            // finite, so that a chunk of nothing but -inf adds nothing
            Tensor newGreatest_n = logits_nv.amax(new long[] { 1 }).clamp_(min: lowest);
            if (from > 0) newGreatest_n = newGreatest_n.maximum(greatest_n);
            logits_nv.sub_(newGreatest_n.unsqueeze(1));
            // from here the chunk holds exp(logit - greatest), in place
            Tensor? shifted_nv = settings.Entropy is null ? null : logits_nv.clone();
            Tensor exponentials_nv = logits_nv.exp_(), newSum_n = exponentials_nv.sum(1);
            // H = log Σ e^(x - m) - Σ p (x - m); logits of -inf have p = 0 and add nothing
            Tensor? newEntropySum_n = shifted_nv?.masked_fill_(exponentials_nv.eq(Scalars.Zero), Scalars.Zero).mul_(exponentials_nv).sum(1);
            if (from == 0)
            {
                sum_n.copy_(newSum_n);
                entropySum_n?.copy_(newEntropySum_n!);
                direction_nH?.copy_(Expected(exponentials_nv, weight_vH, sum_n.dtype));
            }
            else
            {
                Tensor shift_n = greatest_n - newGreatest_n, shrink_n = shift_n.exp();
                entropySum_n?.Plus_(shift_n * sum_n).mul_(shrink_n).Plus_(newEntropySum_n!);
                sum_n.mul_(shrink_n).Plus_(newSum_n);
                if (direction_nH is not null) AddExpected(exponentials_nv, weight_vH, direction_nH.mul_(shrink_n.unsqueeze(1)));
            }
            greatest_n.copy_(newGreatest_n);
            if (from < settings.Kept) made.KeptGreatest_CN![from / settings.Columns].narrow(0, start, rows).copy_(newGreatest_n);
        }
        settings.Entropy?.narrow(0, start, rows).copy_(sum_n.log() - entropySum_n! / sum_n);
        chosen_n.sub_(sum_n.log().Plus_(greatest_n));
        direction_nH?.div_(sum_n.unsqueeze(1)).neg_().Plus_(weight_VH.index_select(0, labels_n).to(sum_n.dtype));
    }

    // the largest part of a size that cuts the count into parts of one size, but for the last
    private static long Even(long count, long size)
    {
        long parts = (count + size - 1) / size;
        return (count + parts - 1) / parts;
    }

    private static IEnumerable<(long Start, long Count)> Parts(long count, long size)
    {
        for (long start = 0; start < count; start += size) yield return (start, Math.Min(size, count - start));
    }

    private static void Logits(Tensor hidden_nH, Tensor weight_vH, Tensor into_nv)
    {
        if (HalfProducts.AreSlow(weight_vH)) into_nv.copy_(HalfProducts.TimesTransposed(hidden_nH, weight_vH));
        else if (into_nv.dtype == weight_vH.dtype) into_nv.addmm_(hidden_nH, weight_vH.t(), beta: 0, alpha: 1);
        else into_nv.copy_(hidden_nH.mm(weight_vH.t()));
    }

    private static Tensor Expected(Tensor exponentials_nv, Tensor weight_vH, ScalarType type) =>
        HalfProducts.AreSlow(weight_vH) ? HalfProducts.Times(exponentials_nv, weight_vH) : exponentials_nv.to(weight_vH.dtype).mm(weight_vH).to(type);

    private static void AddExpected(Tensor exponentials_nv, Tensor weight_vH, Tensor to_nH)
    {
        if (to_nH.dtype == weight_vH.dtype) to_nH.addmm_(exponentials_nv, weight_vH, beta: 1, alpha: 1);
        else to_nH.Plus_(Expected(exponentials_nv, weight_vH, to_nH.dtype));
    }

    private static Tensor WeightGradient(Tensor hidden_NH, Tensor weight_VH, Tensor labels_N, Made made, Tensor gradient_N, Settings settings)
    {
        // chunks are summed in float32 or better: in bf16 a late chunk would be rounded away
        ScalarType type = ResultType(weight_VH.dtype);
        Tensor sum_VH = empty(weight_VH.shape, dtype: type, device: weight_VH.device);
        // g is folded into h, and so is what takes kept exponentials to probabilities: the wide chunks are not read and written once more
        Tensor scaled_NH = hidden_NH.to(type) * gradient_N.unsqueeze(1), logNormaliser_N = made.Sum_N.log().Plus_(made.Greatest_N);
        foreach ((long from, long columns) in Parts(weight_VH.shape[0], settings.Columns))
        {
            using var column = NewDisposeScope();
            bool isKept = from < settings.Kept;
            Tensor sum_vH = sum_VH.narrow(0, from, columns), weight_vH = weight_VH.narrow(0, from, columns);
            Tensor factor_NH = isKept
                ? (scaled_NH * (made.KeptGreatest_CN![from / settings.Columns] - made.Greatest_N).exp_().unsqueeze(1)).div_(made.Sum_N.unsqueeze(1))
                : scaled_NH;
            foreach ((long start, long rows) in Parts(hidden_NH.shape[0], settings.Rows))
            {
                using var chunk = NewDisposeScope();
                Tensor probs_nv = isKept ? made.KeptChunk(from, columns, start, rows) : empty(rows, columns, dtype: type, device: weight_VH.device);
                if (!isKept)
                {
                    Logits(hidden_NH.narrow(0, start, rows), weight_vH, probs_nv);
                    probs_nv.sub_(logNormaliser_N.narrow(0, start, rows).unsqueeze(1)).exp_();
                }
                sum_vH.addmm_(probs_nv.t(), factor_NH.narrow(0, start, rows), beta: start == 0 ? 0 : 1, alpha: -1);
            }
        }
        return sum_VH.index_add_(0, labels_N, scaled_NH, Scalars.One).to(weight_VH.dtype);
    }

    /// <summary>Rows and columns of a chunk, the columns whose exponentials are kept, and what is wanted.</summary>
    private sealed record Settings(long Rows, long Columns, long Kept, Tensor? Entropy, bool HiddenGradient, bool WeightGradient);

    /// <summary>Kept: the exponentials, chunk after chunk of columns, beneath the greatest logit so far (KeptGreatest_CN, by chunk of columns).</summary>
    private sealed record Made(Tensor LogProbs_N, Tensor Greatest_N, Tensor Sum_N, Tensor? Direction_NH, Tensor? Kept, Tensor? KeptGreatest_CN)
    {
        public Tensor KeptChunk(long from, long columns, long start, long rows) =>
            Kept!.narrow(0, from * LogProbs_N.shape[0] + start * columns, rows * columns).view(rows, columns);
    }
}
