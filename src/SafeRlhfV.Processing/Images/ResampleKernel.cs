namespace SafeRlhfV.Processing;

/// <summary>
/// The weights by which one axis is resampled: for every output pixel the first input pixel and the fixed-point weights of it and its successors.
/// The arithmetic is Pillow's: supports widen when shrinking (antialiasing), weights are normalised in double, then rounded to 22 bits.
/// </summary>
internal sealed class ResampleKernel
{
    /// <summary>Bits behind the binary point of a weight.</summary>
    public const int Bits = 22;

    /// <summary>A weight is split into its upper bits and its lower ones, this many, so that both fit 16 bits.</summary>
    public const int LowBits = 11;

    private readonly int[] first, count, weights;

    /// <summary>
    /// Weights of <paramref name="length"/> output pixels from <paramref name="start"/> on, of an axis that goes from <paramref name="from"/> to
    /// <paramref name="to"/> pixels.
    /// </summary>
    public ResampleKernel(int from, int to, ResampleFilter filter, int start, int length)
    {
        double scale = (double)from / to, widening = Math.Max(scale, 1), support = Support(filter) * widening;
        Taps = (int)Math.Min(from, (long)Math.Ceiling(support) * 2 + 1);
        (first, count, weights) = (new int[length], new int[length], new int[checked(length * Taps)]);
        Span<double> exact = Taps <= 256 ? stackalloc double[Taps] : new double[Taps];
        for (int i = 0; i < length; i++)
        {
            double center = (start + i + 0.5) * scale;
            first[i] = Math.Max(0, (int)(center - support + 0.5));
            count[i] = Math.Min(from, (int)(center + support + 0.5)) - first[i];
            double sum = 0;
            for (int k = 0; k < count[i]; k++) sum += exact[k] = Weight(filter, (first[i] + k - center + 0.5) / widening);
            for (int k = 0; k < count[i]; k++)
            {
                double weight = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << Bits);
                weights[i * Taps + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
            }
        }
    }

    /// <summary>Output pixels.</summary>
    public int Length => first.Length;

    /// <summary>The most input pixels that any output pixel draws on.</summary>
    public int Taps { get; }

    /// <summary>Input pixels [From, To) that the outputs draw on.</summary>
    public (int From, int To) Reach => (first[0], first[^1] + count[^1]);

    /// <summary>First input pixel of an output pixel.</summary>
    public int First(int i) => first[i];

    /// <summary>How many input pixels an output pixel draws on.</summary>
    public int Count(int i) => count[i];

    /// <summary>Weights of an output pixel.</summary>
    public ReadOnlySpan<int> Weights(int i) => weights.AsSpan(i * Taps, count[i]);

    /// <summary>
    /// For rows: every output's weights in groups of four taps, the low parts of a group, then the high parts; filled up with zeros. And the shorts of one
    /// output.
    /// </summary>
    public (short[] Weights, int Stride) InFours()
    {
        int stride = (Taps + 3) / 4 * 8;
        short[] packed = new short[Length * stride];
        for (int i = 0; i < Length; i++)
            for (int k = 0; k < count[i]; k++)
            {
                int weight = weights[i * Taps + k], at = i * stride + k / 4 * 8 + k % 4;
                (packed[at], packed[at + 4]) = ((short)(weight & ((1 << LowBits) - 1)), (short)(weight >> LowBits));
            }
        return (packed, stride);
    }

    /// <summary>
    /// For columns: every output's weights in pairs of taps, two shorts of low parts, then two of high parts; filled up with zeros. And the shorts of one
    /// output.
    /// </summary>
    public (short[] Weights, int Stride) InPairs()
    {
        int stride = (Taps + 1) / 2 * 4;
        short[] packed = new short[Length * stride];
        for (int i = 0; i < Length; i++)
            for (int k = 0; k < count[i]; k++)
            {
                int weight = weights[i * Taps + k], at = i * stride + k / 2 * 4 + k % 2;
                (packed[at], packed[at + 2]) = ((short)(weight & ((1 << LowBits) - 1)), (short)(weight >> LowBits));
            }
        return (packed, stride);
    }

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => 0.5,
        ResampleFilter.Bilinear or ResampleFilter.Hamming => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "has no weights"),
    };

    private static double Weight(ResampleFilter filter, double x) => filter switch
    {
        ResampleFilter.Box => x is > -0.5 and <= 0.5 ? 1 : 0,
        ResampleFilter.Bilinear => Math.Max(0, 1 - Math.Abs(x)),
        ResampleFilter.Hamming => x == 0 ? 1 : Math.Abs(x) >= 1 ? 0 : Math.Sin(x * Math.PI) / (x * Math.PI) * (0.54 + 0.46 * Math.Cos(x * Math.PI)),
        ResampleFilter.Bicubic => Cubic(Math.Abs(x)),
        _ => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0,
    };

    private static double Cubic(double x)
    {
        const double A = -0.5;
        return x < 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : x < 2 ? (((x - 5) * x + 8) * x - 4) * A : 0;
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);
}
