using System.Runtime.Intrinsics.X86;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Products with bfloat16 matrices, computed in float32, for processors that have no instructions for bfloat16. There libtorch emulates the products at a
/// fraction of float32's speed, and without AVX-512 one thread computes g W, 150 times slower (docs/performance.md). The matrix is widened a part at a time, so
/// that a wide copy of it is never whole. N: rows, O: outputs, I: inputs.
/// </summary>
public static class HalfProducts
{
    /// <summary>With fewer rows than this libtorch's own x Wᵀ is faster: it reads the weights once and does not widen them in memory.</summary>
    public const int FewRows = 8;

    // 16 MiB in float32
    private const long PartNumbers = 4 << 20;

    private static readonly bool HasInstructions = AskProcessor();

    [ThreadStatic] private static bool? assumed;

    /// <summary>Whether products with this matrix are to be computed here: it is bfloat16, on the CPU, and the processor has no instructions for it.</summary>
    public static bool AreSlow(Tensor weight) =>
        weight.dtype == ScalarType.BFloat16 && weight.device_type == DeviceType.CPU && (assumed ?? !HasInstructions);

    /// <summary>Takes products to be slow, or fast, on this thread until disposed, whatever the processor: for tests and measurements.</summary>
    internal static IDisposable Assume(bool slow)
    {
        bool? before = assumed;
        assumed = slow;
        return new Reset(before);
    }

    /// <summary>x Wᵀ: [N, I] and [O, I] → [N, O], float32. Without gradients.</summary>
    public static Tensor TimesTransposed(Tensor x_NI, Tensor weight_OI)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = x_NI.to(ScalarType.Float32), y_NO = empty(x_NI.shape[0], weight_OI.shape[0], dtype: ScalarType.Float32);
        foreach ((long at, long count) in Parts(weight_OI))
        {
            using DisposeScope inner = NewDisposeScope();
            y_NO.narrow(1, at, count).copy_(x.mm(weight_OI.narrow(0, at, count).to(ScalarType.Float32).t()));
        }
        return y_NO.MoveToOuterDisposeScope();
    }

    /// <summary>g W: [N, O] and [O, I] → [N, I], float32. Without gradients.</summary>
    public static Tensor Times(Tensor g_NO, Tensor weight_OI)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor g = g_NO.to(ScalarType.Float32), sum_NI = zeros(g_NO.shape[0], weight_OI.shape[1], dtype: ScalarType.Float32);
        foreach ((long at, long count) in Parts(weight_OI))
        {
            using DisposeScope inner = NewDisposeScope();
            sum_NI.addmm_(g.narrow(1, at, count), weight_OI.narrow(0, at, count).to(ScalarType.Float32), beta: 1, alpha: 1);
        }
        return sum_NI.MoveToOuterDisposeScope();
    }

    /// <summary>gᵀ x, the gradient of W: [N, O] and [N, I] → [O, I], bfloat16. Without gradients.</summary>
    public static Tensor OfWeight(Tensor g_NO, Tensor x_NI)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor g = g_NO.to(ScalarType.Float32), x = x_NI.to(ScalarType.Float32), gradient_OI = empty(g_NO.shape[1], x_NI.shape[1], dtype: ScalarType.BFloat16);
        foreach ((long at, long count) in Parts(gradient_OI))
        {
            using DisposeScope inner = NewDisposeScope();
            gradient_OI.narrow(0, at, count).copy_(g.narrow(1, at, count).t().mm(x));
        }
        return gradient_OI.MoveToOuterDisposeScope();
    }

    private static IEnumerable<(long At, long Count)> Parts(Tensor weight_OI)
    {
        long rows = weight_OI.shape[0], step = Math.Max(1, PartNumbers / Math.Max(1, weight_OI.shape[1]));
        for (long at = 0; at < rows; at += step) yield return (at, Math.Min(step, rows - at));
    }

    // CPUID's leaf 7: AVX512_BF16 (subleaf 1, EAX bit 5) and AMX-BF16 (subleaf 0, EDX bit 22). Other processors than x86 are taken to have them.
    private static bool AskProcessor()
    {
        const int Features = 7, Avx512Bf16 = 1 << 5, AmxBf16 = 1 << 22;
        if (!X86Base.IsSupported) return true;
        if (X86Base.CpuId(0, 0).Eax < Features) return false;
        return (X86Base.CpuId(Features, 1).Eax & Avx512Bf16) != 0 || (X86Base.CpuId(Features, 0).Edx & AmxBf16) != 0;
    }

    private sealed class Reset(bool? before) : IDisposable
    {
        public void Dispose() => assumed = before;
    }
}
