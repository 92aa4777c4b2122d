using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// log softmax(logits)[label] without a copy of the logits: kept are the logits, and each row's log Σ e^x. With upstream g: ∂x_i = g (1[i = label] - p_i).
/// N: rows, V: vocabulary.
/// </summary>
internal sealed class ChosenLogProbabilities : FusedFunction<ChosenLogProbabilities>
{
    /// <summary>[..., V] and [...] → [...].</summary>
    public static Tensor Run(Tensor logits, Tensor labels)
    {
        if (!Fits(logits, labels)) return Plain(logits, labels);
        return IsWanted(logits) ? Record(logits, labels) : Forward(logits, labels, null);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        (Tensor logits, Tensor labels) = ((Tensor)arguments[0], (Tensor)arguments[1]);
        Tensor normalisers_N = empty(labels.numel(), ScalarType.Float32);
        context.save_for_backward([logits, labels, normalisers_N]);
        return Forward(logits, labels, normalisers_N);
    }

    /// <inheritdoc/>
    protected override unsafe List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient)
    {
        List<Tensor> saved = context.get_saved_variables();
        (Tensor logits, Tensor labels, Tensor normalisers_N) = (saved[0], saved[1], saved[2]);
        Tensor result = empty(logits.shape, ScalarType.Float32);
        int vocabulary = (int)logits.shape[^1];
        float* x = TorchLibrary.Floats(logits), normalisers = TorchLibrary.Floats(normalisers_N), g = TorchLibrary.Floats(gradient);
        float* dx = TorchLibrary.Floats(result);
        long* chosen = TorchLibrary.Longs(labels);
        RowLoop.Run(labels.numel(), 2L * vocabulary, (_, from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                GradientOfRow(x + (row * vocabulary), normalisers[row], g[row], dx + (row * vocabulary), vocabulary);
                dx[(row * vocabulary) + chosen[row]] += g[row];
            }
        });
        return [result, null];
    }

    /// <inheritdoc/>
    protected override (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved) =>
        (Plain(saved[0], saved[1]), [saved[0], null]);

    /// <summary>The same by torch's operations.</summary>
    internal static Tensor Plain(Tensor logits, Tensor labels) => nn.functional.log_softmax(logits, -1).gather(-1, labels.unsqueeze(-1)).squeeze(-1);

    // labels beyond the vocabulary are left to torch, which says so
    private static unsafe bool Fits(Tensor logits, Tensor labels)
    {
        long[] shape = logits.shape;
        if (labels.dtype != ScalarType.Int64 || labels.device_type != DeviceType.CPU || !labels.is_contiguous() || shape.Length == 0 || shape[^1] == 0
            || !labels.shape.AsSpan().SequenceEqual(shape.AsSpan(..^1)) || !TorchLibrary.HasPlainFloats(logits)) return false;
        ReadOnlySpan<long> chosen = new(TorchLibrary.Longs(labels), (int)labels.numel());
        bool within = true;
        foreach (long label in chosen) within &= (ulong)label < (ulong)shape[^1];
        GC.KeepAlive(labels);
        return within;
    }

    private static unsafe Tensor Forward(Tensor logits, Tensor labels, Tensor? normalisers_N)
    {
        Tensor result = empty(labels.shape, ScalarType.Float32);
        int vocabulary = (int)logits.shape[^1];
        float* x = TorchLibrary.Floats(logits), y = TorchLibrary.Floats(result), normalisers = normalisers_N is null
            ? null
            : TorchLibrary.Floats(normalisers_N);
        long* chosen = TorchLibrary.Longs(labels);
        RowLoop.Run(labels.numel(), vocabulary, (_, from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                float* one = x + (row * vocabulary);
                (float greatest, float log) = Normaliser(one, vocabulary);
                y[row] = one[chosen[row]] - greatest - log;
                if (normalisers != null) normalisers[row] = greatest + log;
            }
        });
        GC.KeepAlive(logits);
        GC.KeepAlive(labels);
        return result;
    }

    // log Σ e^x in two parts: the greatest x, and the log of the sum of the exponentials less it
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe (float Greatest, float Log) Normaliser(float* x, int count)
    {
        float greatest = VectorMath.Greatest(x, count), sum = 0;
        Vector<float> sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) sums += VectorMath.Exp(Vector.Load(x + i) - new Vector<float>(greatest));
        for (; i < count; i++) sum += MathF.Exp(x[i] - greatest);
        return (greatest, MathF.Log(sum + Vector.Sum(sums)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void GradientOfRow(float* x, float normaliser, float g, float* dx, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            (VectorMath.Exp(Vector.Load(x + i) - new Vector<float>(normaliser)) * new Vector<float>(-g)).Store(dx + i);
        for (; i < count; i++) dx[i] = MathF.Exp(x[i] - normaliser) * -g;
    }
}
