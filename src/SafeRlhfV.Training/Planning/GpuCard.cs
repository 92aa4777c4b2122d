using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>A GPU known by name, or a size alone.</summary>
/// <param name="Name">Its name, or the size as it was written.</param>
/// <param name="Bytes">Memory as nvidia-smi reports it.</param>
/// <param name="HasBfloat16">Whether it computes in bfloat16 (compute capability 8.0 and above).</param>
/// <param name="HalfTeraflops">Peak of dense products in half precision with float32 sums, in 10^12 FLOP/s; 0 = not known.</param>
/// <param name="SingleTeraflops">Peak of float32 products without TF32, in 10^12 FLOP/s.</param>
/// <param name="GigabytesPerSecond">Memory bandwidth, in 10^9 bytes/s.</param>
public sealed record GpuCard(string Name, long Bytes, bool HasBfloat16, double HalfTeraflops, double SingleTeraflops, double GigabytesPerSecond)
{
    private const double Reserve = 0.94;

    private static readonly (string Suffix, double Bytes)[] Units = [("gib", 1L << 30), ("gb", 1e9)];

    // memory: "Memory-Usage" of nvidia-smi in MiB (rocm-smi for the MI300X); speeds: the makers' data sheets, without sparsity
    private static readonly GpuCard[] Cards =
    [
        Of("t4", 15360, 65, 8.1, 320, false), Of("v100-16gb", 16384, 125, 15.7, 900, false), Of("v100-32gb", 32768, 125, 15.7, 900, false),
        Of("l4", 23034, 121, 30.3, 300), Of("a10", 23028, 125, 31.2, 600),
        Of("rtx-3090", 24576, 71, 35.6, 936), Of("rtx-4090", 24564, 165, 82.6, 1008), Of("rtx-5090", 32607, 210, 104.8, 1792),
        Of("a100-40gb", 40960, 312, 19.5, 1555), Of("l40s", 46068, 362, 91.6, 864),
        Of("rtx-6000-ada", 49140, 364, 91.1, 960), Of("a100-80gb", 81920, 312, 19.5, 2039), Of("h100-80gb", 81559, 989, 67, 3350),
        Of("gh200-96gb", 97871, 989, 67, 4000), Of("h200", 143771, 989, 67, 4800),
        Of("b200", 183359, 2250, 80, 8000), Of("mi300x", 196592, 1307, 163.4, 5300),
    ];

    /// <summary>Cards known by name.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Cards.Select(card => card.Name)];

    /// <summary>What a program can use: all but a reserve for the driver.</summary>
    public long UsableBytes => (long)(Bytes * Reserve);

    /// <summary>A card by its name, or any card by its memory: "48gib" of 2^30 bytes each, "48gb" of 10^9 bytes each.</summary>
    /// <exception cref="InvalidInputException">The card is not known.</exception>
    public static GpuCard Find(string name)
    {
        string plain = name.ToLowerInvariant().Replace(' ', '-');
        if (Cards.FirstOrDefault(card => card.Name == plain) is { } known) return known;
        foreach ((string suffix, double unit) in Units)
            if (plain.EndsWith(suffix, StringComparison.Ordinal)
                && double.TryParse(plain.AsSpan(0, plain.Length - suffix.Length), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double size)
                && size is > 0 and < 100_000)
                return new GpuCard(plain, (long)(size * unit), true, 0, 0, 0);
        throw new InvalidInputException($"--gpu {name}: known are {string.Join(", ", Names)}; another card can be named by its memory, such as 48gib (of 2^30 "
            + "bytes each, as nvidia-smi counts) or 48gb (of 10^9).");
    }

    private static GpuCard Of(string name, long mebibytes, double half, double single, double bandwidth, bool bfloat16 = true) =>
        new(name, mebibytes << 20, bfloat16, half, single, bandwidth);
}
