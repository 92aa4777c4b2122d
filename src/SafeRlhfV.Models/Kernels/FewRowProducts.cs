using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// x Wᵀ + b for the new column of a decoding step, in float32 on the CPU and without gradients. libtorch's own products of so few rows reach a third of the
/// machine's rate (docs/log.md). Each number of the result is summed in one order, whatever the other rows and the number of threads. Whole passes, prompts
/// among them, keep to libtorch with and without gradients, so that they agree. B: rows, I: inputs, O: outputs.
/// </summary>
internal static unsafe class FewRowProducts
{
    // with more rows libtorch is nearly as fast, and more numbers than these leave the processor's caches before they are read again
    private const long MostRows = 64, MostNumbers = 1 << 17;

    // outputs of a block, and numbers of the widest vector
    private const int Outputs = 8, Width = 16;

    [ThreadStatic] private static bool decodes;

    /// <summary>Passes on this thread are decoding steps until disposed.</summary>
    public static IDisposable Decode() => new Step();

    /// <summary>
    /// The product [B, 1, O]; null outside of decoding steps and where this kernel has no place: several columns, gradients, too many rows, other types,
    /// sizes or processors.
    /// </summary>
    /// <param name="x">[B, 1, I].</param>
    /// <param name="weight_OI">The matrix.</param>
    /// <param name="bias_O">Added to each row; null = nothing.</param>
    public static Tensor? TryRun(Tensor x, Tensor weight_OI, Tensor? bias_O)
    {
        if (!decodes || !FewRowsNarrow.IsSupported || x.dim() != 3 || x.size(1) != 1) return null;
        long inputs = weight_OI.size(1), outputs = weight_OI.size(0), rows = x.size(0);
        if (x.size(2) != inputs || (bias_O is not null && bias_O.numel() != outputs)) return null; // torch names the fault
        if (rows == 0 || rows > MostRows || rows * inputs > MostNumbers || inputs % Width != 0 || outputs % Outputs != 0) return null;
        if (is_grad_enabled() && (x.requires_grad || weight_OI.requires_grad || bias_O?.requires_grad == true)) return null;
        if (!TorchLibrary.HasPlainFloats(x, weight_OI) || (bias_O is not null && !TorchLibrary.HasPlainFloats(bias_O))) return null;
        return Run(x, weight_OI, bias_O, FewRowsWide.IsSupported);
    }

    /// <summary>The product, where the sizes fit, by the kernel for wide vectors or by that for narrow ones.</summary>
    internal static Tensor Run(Tensor x, Tensor weight_OI, Tensor? bias_O, bool isWide)
    {
        int rows = (int)x.size(0), inputs = (int)weight_OI.size(1), outputs = (int)weight_OI.size(0);
        Tensor y = empty([rows, 1, outputs], ScalarType.Float32);
        float* xs = TorchLibrary.Floats(x), w = TorchLibrary.Floats(weight_OI), ys = TorchLibrary.Floats(y);
        float* b = bias_O is null ? null : TorchLibrary.Floats(bias_O);
        int blocks = outputs / Outputs, pieces = Math.Min(blocks, get_num_threads());
        RowLoop.Run(pieces, (_, piece) =>
        {
            for (int at = Outputs * (blocks * piece / pieces); at < Outputs * (blocks * (piece + 1) / pieces); at += Outputs)
            {
                float* bias = b == null ? null : b + at;
                // the rows of the matrix stay in the first cache
                if (isWide) FewRowsWide.Block(xs, w + ((long)at * inputs), bias, ys + at, rows, inputs, outputs);
                else FewRowsNarrow.Block(xs, w + ((long)at * inputs), bias, ys + at, rows, inputs, outputs);
            }
        });
        return y;
    }

    private sealed class Step : IDisposable
    {
        private readonly bool before = decodes;

        public Step() => decodes = true;

        public void Dispose() => decodes = before;
    }
}
