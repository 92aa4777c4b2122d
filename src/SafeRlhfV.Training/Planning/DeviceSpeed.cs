using System.Diagnostics;
using System.Globalization;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>How fast a device is taken to be.</summary>
/// <param name="Flops">Floating-point operations a second.</param>
/// <param name="BytesPerSecond">Bytes of weights and states that it reads a second.</param>
/// <param name="Words">Where the figures are from.</param>
public sealed record DeviceSpeed(double Flops, double BytesPerSecond, string Words)
{
    // a training step reaches about these shares of what data sheets say, or of a large product by itself
    private const double ShareOfPeak = 0.4, ShareOfBandwidth = 0.7, ShareOfProduct = 0.6;
    private const int Side = 1024, Wide = 4096, Repeats = 5;

    /// <summary>A card's; null where only its memory is known.</summary>
    /// <param name="card">The card.</param>
    /// <param name="half">Weights are bfloat16. Cards without it compute in float32.</param>
    public static DeviceSpeed? Of(GpuCard card, bool half)
    {
        if (card.HalfTeraflops == 0) return null;
        bool fast = half && card.HasBfloat16;
        double peak = fast ? card.HalfTeraflops : card.SingleTeraflops;
        string type = fast ? "bfloat16" : "float32", read = Text($"{ShareOfBandwidth:P0} of its {card.GigabytesPerSecond:0} GB/s");
        return new DeviceSpeed(ShareOfPeak * peak * 1e12, ShareOfBandwidth * card.GigabytesPerSecond * 1e9,
            Text($"{ShareOfPeak:P0} of the {peak:0.#} TFLOP/s of {card.Name} in {type}, {read}"));
    }

    /// <summary>This CPU's, from short measured products: of two matrices, and of a matrix and a vector. Takes some tenths of a second.</summary>
    /// <param name="half">Weights are bfloat16.</param>
    public static DeviceSpeed OfThisCpu(bool half)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        ScalarType type = half ? ScalarType.BFloat16 : ScalarType.Float32;
        Tensor wide = ones([Wide, Wide], type), vector = ones([Wide, 1], type);
        // where products of bfloat16 are slow they are computed in float32
        bool narrow = half && !HalfProducts.AreSlow(wide);
        Tensor square = ones([Side, Side], narrow ? ScalarType.BFloat16 : ScalarType.Float32);
        double product = 2.0 * Side * Side * Side / Seconds(square, square), read = (double)wide.numel() * wide.element_size() / Seconds(wide, vector);
        string name = narrow ? "bfloat16" : "float32";
        return new DeviceSpeed(ShareOfProduct * product, read,
            Text($"{ShareOfProduct:P0} of the {product / 1e9:0} GFLOP/s of a {Side} x {Side} product measured here in {name}, {read / 1e9:0.0} GB/s"));
    }

    // the median; the first product warms up
    private static double Seconds(Tensor left, Tensor right)
    {
        left.matmul(right).Dispose();
        double[] times = new double[Repeats];
        for (int i = 0; i < Repeats; i++)
        {
            long start = Stopwatch.GetTimestamp();
            left.matmul(right).Dispose();
            times[i] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
        Array.Sort(times);
        return times[Repeats / 2];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture).Replace(" %", "%", StringComparison.Ordinal).Replace("%",
        " %", StringComparison.Ordinal);
}
