using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Rotary positions and softmax(q kᵀ · scale + mask) v of all heads, with gradients, for whole texts. Each head's part fits the cache: queries and keys are
/// turned there, and scores are never written to memory; the backward pass makes them again from the greatest score and the sum of each query, which are kept.
/// Products are the matrix library's. B texts, L columns, Q wanted columns (the last ones), N heads, G of them to a key head, D numbers of a head.
/// </summary>
internal sealed class Attention : FusedFunction<Attention>
{
    /// <summary>Attention over projections, where these kernels can do it.</summary>
    /// <param name="projections">One [B, L, (N + 2 N / G) D] with queries, keys and values side by side, or three: [B, Q, N D] and twice [B, L, N / G
    /// D].</param>
    /// <param name="heads">N.</param>
    /// <param name="keyValueHeads">N / G.</param>
    /// <param name="scale">What scores are multiplied by.</param>
    /// <param name="mask">What the wanted columns may see.</param>
    /// <param name="angles">Of all columns.</param>
    /// <param name="from">The first wanted column.</param>
    /// <returns>[B, Q, N D]; null where torch's operations must do it.</returns>
    public static Tensor? TryRun(Tensor[] projections, int heads, int keyValueHeads, double scale, AttentionMask mask, RotaryAngles angles, long from)
    {
        if (!TorchLibrary.HasPlainFloats(projections) || !TorchLibrary.HasPlainFloats(angles.Cosine_BL1D, angles.SignedSine_BL1D)) return null;
        if (mask.Bias is { } bias && !TorchLibrary.HasPlainFloats(bias)) return null;
        long[] all = projections[^1].shape, turns = angles.Cosine_BL1D.shape;
        AttentionSizes sizes = new(all[0], (int)all[1], (int)from, heads, keyValueHeads, (int)turns[^1], projections.Length == 1, mask.Causal, (float)scale,
            mask.Bias is null ? 0 : mask.Bias.shape[0]);
        // with fewer pieces than threads torch's own attention, which also divides a head, is faster
        if (!MatrixProduct.IsFound || turns[0] != sizes.Rows || turns[1] != sizes.Columns || sizes.Wanted < 1 || sizes.HeadSize % 2 != 0
            || sizes.Pieces < get_num_threads()) return null;
        Extras extras = new(sizes, mask.Bias, angles);
        return IsWanted(projections) ? Record([.. projections, extras]) : Forward(projections, extras, null);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        Tensor[] projections = [.. arguments.OfType<Tensor>()];
        Extras extras = (Extras)arguments[^1];
        Tensor statistics_BNQ2 = empty([extras.Sizes.Rows, extras.Sizes.Heads, extras.Sizes.Wanted, 2], ScalarType.Float32);
        context.save_for_backward([.. projections, statistics_BNQ2, extras.Angles.Cosine_BL1D, extras.Angles.SignedSine_BL1D,
            .. extras.Bias is null ? [] : (Tensor[])[extras.Bias]]);
        context.save_data("sizes", extras.Sizes);
        return Forward(projections, extras, statistics_BNQ2);
    }

    /// <inheritdoc/>
    protected override unsafe List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient)
    {
        AttentionSizes sizes = (AttentionSizes)context.get_data("sizes");
        List<Tensor> saved = context.get_saved_variables();
        Tensor[] projections = [.. saved.Take(sizes.Inputs)];
        Tensor[] results = [.. projections.Select(projection => empty(projection.shape, ScalarType.Float32))];
        Tensor statistics_BNQ2 = saved[sizes.Inputs];
        RotaryAngles angles = new(saved[sizes.Inputs + 1], saved[sizes.Inputs + 2]);
        AttentionKernel kernel = new(sizes, projections, angles, sizes.BiasRows == 0 ? null : saved[^1]);
        using Tensor scratch = empty([get_num_threads(), kernel.BackwardScratch], ScalarType.Float32);
        float* memory = TorchLibrary.Floats(scratch), g = TorchLibrary.Floats(gradient), statistics = TorchLibrary.Floats(statistics_BNQ2);
        AttentionPlaces places = new(sizes, results);
        RowLoop.Run(sizes.Pieces, (thread, piece) => kernel.Backward(piece, g, statistics, places, memory + (thread * kernel.BackwardScratch)));
        return [.. results.Zip(projections, (result, projection) => projection.requires_grad ? result : null), null];
    }

    /// <inheritdoc/>
    protected override (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved)
    {
        AttentionSizes sizes = (AttentionSizes)context.get_data("sizes");
        Tensor[] projections = [.. saved.Take(sizes.Inputs)];
        RotaryAngles angles = new(saved[sizes.Inputs + 1], saved[sizes.Inputs + 2]);
        return (Plain(projections, sizes, sizes.BiasRows == 0 ? null : saved[^1], angles),
            [.. projections.Select(projection => projection.requires_grad ? projection : null), null]);
    }

    /// <summary>The same by torch's operations, each of which has gradients of gradients.</summary>
    internal static Tensor Plain(Tensor[] projections, AttentionSizes sizes, Tensor? bias, RotaryAngles angles)
    {
        (int heads, int keyHeads, int size) = (sizes.Heads, sizes.KeyValueHeads, sizes.HeadSize);
        if (sizes.IsJoint)
            projections = [projections[0].narrow(-1, 0, heads * size).narrow(1, sizes.From, sizes.Wanted),
                projections[0].narrow(-1, heads * size, keyHeads * size), projections[0].narrow(-1, (heads + keyHeads) * size, keyHeads * size)];
        Tensor Split(Tensor x, int count) => x.reshape(x.shape[0], x.shape[1], count, size);
        Tensor q = angles.From(sizes.From).Turn(Split(projections[0], heads)).transpose(1, 2);
        Tensor Repeat(Tensor x_BLND) => x_BLND.transpose(1, 2).repeat_interleave(sizes.Group, 1);
        Tensor k = Repeat(angles.Turn(Split(projections[1], keyHeads))), v = Repeat(Split(projections[2], keyHeads));
        Tensor scores = q.matmul(k.transpose(2, 3)).Times(sizes.Scale);
        if (bias is not null) scores = scores.Plus(bias);
        if (sizes.IsCausal)
            scores = scores.masked_fill(ones([sizes.Wanted, sizes.Columns], ScalarType.Bool).tril(sizes.From).logical_not(), Scalars.MinusInfinity);
        return scores.softmax(-1).matmul(v).transpose(1, 2).reshape(sizes.Rows, sizes.Wanted, heads * size);
    }

    private static unsafe Tensor Forward(Tensor[] projections, Extras extras, Tensor? statistics_BNQ2)
    {
        AttentionSizes sizes = extras.Sizes;
        Tensor result = empty([sizes.Rows, sizes.Wanted, sizes.Heads * sizes.HeadSize], ScalarType.Float32);
        AttentionKernel kernel = new(sizes, projections, extras.Angles, extras.Bias);
        using Tensor scratch = empty([get_num_threads(), kernel.ForwardScratch], ScalarType.Float32);
        float* memory = TorchLibrary.Floats(scratch), output = TorchLibrary.Floats(result);
        float* statistics = statistics_BNQ2 is null ? null : TorchLibrary.Floats(statistics_BNQ2);
        RowLoop.Run(sizes.Pieces, (thread, piece) => kernel.Forward(piece, output, statistics, memory + (thread * kernel.ForwardScratch)));
        GC.KeepAlive(kernel);
        return result;
    }

    private sealed record Extras(AttentionSizes Sizes, Tensor? Bias, RotaryAngles Angles);
}
