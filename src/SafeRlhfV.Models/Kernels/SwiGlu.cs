using System.Numerics;
using System.Runtime.CompilerServices;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// silu(gate) · up in one pass each way. Gate and up are two tensors, or the halves of a joint projection's rows: then both gradients go into one tensor, as
/// that projection wants it. Nothing but the input is kept. F: width.
/// </summary>
internal sealed class SwiGlu : FusedFunction<SwiGlu>
{
    /// <summary>Of one tensor [..., 2 F], or of two [..., F] → [..., F].</summary>
    public static Tensor Run(params Tensor[] parts)
    {
        bool fit = parts is [Tensor both] ? both.shape[^1] % 2 == 0 : parts.Length == 2 && parts[0].shape.AsSpan().SequenceEqual(parts[1].shape);
        if (!fit) throw new ArgumentException("Gate and up are not of one shape.", nameof(parts));
        if (!TorchLibrary.HasPlainFloats(parts)) return Plain(parts);
        return IsWanted(parts) ? Record([.. parts]) : Forward(parts);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        Tensor[] parts = [.. arguments.Cast<Tensor>()];
        context.save_for_backward([.. parts]);
        return Forward(parts);
    }

    /// <inheritdoc/>
    protected override unsafe List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient)
    {
        List<Tensor> parts = context.get_saved_variables();
        Tensor[] results = [.. parts.Select(part => empty(part.shape, ScalarType.Float32))];
        (int width, long rows, int stride) = Sizes(parts);
        float* g = TorchLibrary.Floats(gradient), gates = TorchLibrary.Floats(parts[0]), ups = Ups(parts, width);
        float* gateResults = TorchLibrary.Floats(results[0]), upResults = Ups(results, width);
        RowLoop.Run(rows, 5 * width, (_, from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                long at = row * stride;
                GradientOfRow(g + (row * width), gates + at, ups + at, gateResults + at, upResults + at, width);
            }
        });
        return [.. results.Zip(parts, (result, part) => part.requires_grad ? result : null)];
    }

    /// <inheritdoc/>
    protected override (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved) =>
        (Plain([.. saved]), [.. saved.Select(part => part.requires_grad ? part : null)]);

    /// <summary>The same by torch's operations.</summary>
    internal static Tensor Plain(params Tensor[] parts)
    {
        if (parts.Length == 2) return parts[0].silu().mul(parts[1]);
        long width = parts[0].shape[^1] / 2;
        return parts[0].narrow(-1, 0, width).silu().mul(parts[0].narrow(-1, width, width));
    }

    private static unsafe Tensor Forward(Tensor[] parts)
    {
        (int width, long rows, int stride) = Sizes(parts);
        Tensor result = empty([.. parts[0].shape[..^1], width], ScalarType.Float32);
        float* gates = TorchLibrary.Floats(parts[0]), ups = Ups(parts, width), y = TorchLibrary.Floats(result);
        RowLoop.Run(rows, 3 * width, (_, from, to) =>
        {
            for (long row = from; row < to; row++) Row(gates + (row * stride), ups + (row * stride), y + (row * width), width);
        });
        GC.KeepAlive(parts[0]);
        GC.KeepAlive(parts[^1]);
        return result;
    }

    // Stride: numbers from one row's gate to the next row's
    private static (int Width, long Rows, int Stride) Sizes(IReadOnlyList<Tensor> parts)
    {
        int stride = (int)parts[0].shape[^1];
        return (parts.Count == 2 ? stride : stride / 2, stride == 0 ? 0 : parts[0].numel() / stride, stride);
    }

    private static unsafe float* Ups(IReadOnlyList<Tensor> parts, int width) =>
        parts.Count == 2 ? TorchLibrary.Floats(parts[1]) : TorchLibrary.Floats(parts[0]) + width;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void Row(float* gates, float* ups, float* y, int width)
    {
        int i = 0;
        for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> gate = Vector.Load(gates + i);
            (gate * VectorMath.Sigmoid(gate) * Vector.Load(ups + i)).Store(y + i);
        }
        for (; i < width; i++) y[i] = gates[i] * VectorMath.Sigmoid(gates[i]) * ups[i];
    }

    // with s = sigmoid(gate): ∂gate = g up s (1 + gate (1 - s)), ∂up = g gate s
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void GradientOfRow(float* g, float* gates, float* ups, float* gateResults, float* upResults, int width)
    {
        int i = 0;
        for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> gate = Vector.Load(gates + i), s = VectorMath.Sigmoid(gate), scaled = Vector.Load(g + i) * s;
            (scaled * gate).Store(upResults + i);
            Vector<float> slope = Vector.FusedMultiplyAdd(gate, Vector<float>.One - s, Vector<float>.One);
            (scaled * Vector.Load(ups + i) * slope).Store(gateResults + i);
        }
        for (; i < width; i++)
        {
            float s = VectorMath.Sigmoid(gates[i]);
            upResults[i] = g[i] * s * gates[i];
            gateResults[i] = g[i] * s * ups[i] * (1 + (gates[i] * (1 - s)));
        }
    }
}
