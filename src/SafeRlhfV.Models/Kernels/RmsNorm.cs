using System.Numerics;
using System.Runtime.CompilerServices;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// x / sqrt(mean(x²) + ε) · w over the last dimension, in one pass each way. Of the forward pass only the inverse root of each row is kept beside the input.
/// With u = g w and r the inverse root: ∂x = r (u - x r² mean(u x)), ∂w = Σ g x r. N: rows, H: numbers of a row.
/// </summary>
internal sealed class RmsNorm : FusedFunction<RmsNorm>
{
    /// <summary>[..., H] and [H] → [..., H].</summary>
    public static Tensor Run(Tensor x, Tensor weight_H, double epsilon, bool aroundOne)
    {
        if (weight_H.shape is not [long size] || size == 0 || x.shape[^1] != size || !TorchLibrary.HasPlainFloats(x, weight_H))
            return Plain(x, weight_H, epsilon, aroundOne);
        Settings settings = new(epsilon, aroundOne, x.requires_grad, weight_H.requires_grad);
        return IsWanted(x, weight_H) ? Record(x, weight_H, settings) : Forward(x, weight_H, settings, null);
    }

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        (Tensor x, Tensor weight_H, Settings settings) = ((Tensor)arguments[0], (Tensor)arguments[1], (Settings)arguments[2]);
        Tensor roots_N = empty(x.numel() / weight_H.shape[0], ScalarType.Float32);
        context.save_for_backward([x, weight_H, roots_N]);
        context.save_data("settings", settings);
        return Forward(x, weight_H, settings, roots_N);
    }

    /// <inheritdoc/>
    protected override unsafe List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient)
    {
        Settings settings = (Settings)context.get_data("settings");
        List<Tensor> saved = context.get_saved_variables();
        (Tensor x, Tensor weight_H, Tensor roots_N) = (saved[0], saved[1], saved[2]);
        (int size, long rows) = ((int)weight_H.shape[0], roots_N.numel());
        Tensor? ofX = settings.OfInput ? empty(x.shape, ScalarType.Float32) : null;
        // one row of sums for each block, so that their order does not depend on threads
        Tensor? parts_CH = settings.OfWeight ? zeros([RowLoop.Blocks(rows, 3 * size), size], ScalarType.Float32) : null;
        float* g = TorchLibrary.Floats(gradient), xs = TorchLibrary.Floats(x), w = TorchLibrary.Floats(weight_H), roots = TorchLibrary.Floats(roots_N);
        float* dx = ofX is null ? null : TorchLibrary.Floats(ofX), parts = parts_CH is null ? null : TorchLibrary.Floats(parts_CH);
        float offset = settings.Offset;
        RowLoop.Run(rows, 3 * size, (block, from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                long at = row * size;
                if (parts != null) AddProducts(g + at, xs + at, roots[row], parts + ((long)block * size), size);
                if (dx != null) GradientOfRow(g + at, xs + at, w, offset, roots[row], dx + at, size);
            }
        });
        return [ofX, parts_CH?.sum([0]), null];
    }

    /// <inheritdoc/>
    protected override (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved)
    {
        Settings settings = (Settings)context.get_data("settings");
        return (Plain(saved[0], saved[1], settings.Epsilon, settings.AroundOne),
            [settings.OfInput ? saved[0] : null, settings.OfWeight ? saved[1] : null, null]);
    }

    private static unsafe Tensor Forward(Tensor x, Tensor weight_H, Settings settings, Tensor? roots_N)
    {
        Tensor y = empty(x.shape, ScalarType.Float32);
        int size = (int)weight_H.shape[0];
        float* xs = TorchLibrary.Floats(x), w = TorchLibrary.Floats(weight_H), ys = TorchLibrary.Floats(y);
        float* roots = roots_N is null ? null : TorchLibrary.Floats(roots_N);
        float offset = settings.Offset, epsilon = (float)settings.Epsilon;
        RowLoop.Run(x.numel() / size, 2 * size, (_, from, to) =>
        {
            for (long row = from; row < to; row++)
            {
                float root = Row(xs + (row * size), w, offset, epsilon, ys + (row * size), size);
                if (roots != null) roots[row] = root;
            }
        });
        GC.KeepAlive(x);
        GC.KeepAlive(weight_H);
        return y;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe float Row(float* x, float* w, float offset, float epsilon, float* y, int size)
    {
        float root = 1 / MathF.Sqrt((VectorMath.Dot(x, x, size) / size) + epsilon);
        int i = 0;
        for (; i <= size - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.Load(x + i) * new Vector<float>(root) * (Vector.Load(w + i) + new Vector<float>(offset))).Store(y + i);
        for (; i < size; i++) y[i] = x[i] * root * (w[i] + offset);
        return root;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void AddProducts(float* g, float* x, float root, float* sum, int size)
    {
        int i = 0;
        for (; i <= size - Vector<float>.Count; i += Vector<float>.Count)
            Vector.FusedMultiplyAdd(Vector.Load(g + i), Vector.Load(x + i) * new Vector<float>(root), Vector.Load(sum + i)).Store(sum + i);
        for (; i < size; i++) sum[i] += g[i] * x[i] * root;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static unsafe void GradientOfRow(float* g, float* x, float* w, float offset, float root, float* dx, int size)
    {
        int i = 0;
        Vector<float> sums = Vector<float>.Zero;
        for (; i <= size - Vector<float>.Count; i += Vector<float>.Count)
            sums = Vector.FusedMultiplyAdd(Vector.Load(g + i) * (Vector.Load(w + i) + new Vector<float>(offset)), Vector.Load(x + i), sums);
        float sum = Vector.Sum(sums);
        for (; i < size; i++) sum += g[i] * (w[i] + offset) * x[i];
        float factor = -sum / size * root * root * root;
        for (i = 0; i <= size - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> scaled = Vector.Load(g + i) * (Vector.Load(w + i) + new Vector<float>(offset)) * new Vector<float>(root);
            Vector.FusedMultiplyAdd(Vector.Load(x + i), new Vector<float>(factor), scaled).Store(dx + i);
        }
        for (; i < size; i++) dx[i] = (g[i] * (w[i] + offset) * root) + (x[i] * factor);
    }

    /// <summary>The same by torch's operations, in float32 whatever the input's type (as the Llama reference does).</summary>
    internal static Tensor Plain(Tensor x, Tensor weight_H, double epsilon, bool aroundOne)
    {
        Tensor exact = x.to(ScalarType.Float32);
        // in place on fresh tensors only: neither mean nor rsqrt needs its input for the backward pass
        Tensor normed = exact * exact.Squared().mean([-1], keepdim: true).Plus_(epsilon).rsqrt_();
        return aroundOne ? normed.mul(weight_H.to(ScalarType.Float32).Plus(1)).to(x.dtype) : normed.to(x.dtype).mul(weight_H);
    }

    private sealed record Settings(double Epsilon, bool AroundOne, bool OfInput, bool OfWeight)
    {
        public float Offset => AroundOne ? 1 : 0;
    }
}
