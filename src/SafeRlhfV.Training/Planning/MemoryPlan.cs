using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>What a recipe takes at its peak.</summary>
/// <param name="Parts">Weights, gradients, optimizer, activations, KV cache, and so on.</param>
/// <param name="Assumed">What was assumed, in words: rows and tokens of the largest batch.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPart> Parts, string Assumed)
{
    /// <summary>All lasting parts and the largest of those that take turns.</summary>
    public long TotalBytes => Parts.Where(part => part.AtOnce).Sum(part => part.Bytes)
        + Parts.Where(part => !part.AtOnce).Select(part => part.Bytes).DefaultIfEmpty(0).Max();

    /// <summary>What it takes of host memory beside a GPU's; empty where it runs on the CPU, and <see cref="Parts"/> are in host memory.</summary>
    public IReadOnlyList<MemoryPart> Host { get; init; } = [];

    /// <summary>All of <see cref="Host"/>.</summary>
    public long HostBytes => Host.Sum(part => part.Bytes);

    /// <summary>The plan as lines of text, the totals last.</summary>
    public IReadOnlyList<string> Lines =>
    [
        .. Parts.Select(part => Line(part.Name, part.Bytes) + (part.AtOnce ? "" : "  in turn")),
        $"{Line("together at the peak", TotalBytes)}  ({Assumed})",
        .. Host.Select(part => Line($"host memory: {part.Name}", part.Bytes)),
        .. Host.Count > 0 ? (string[])[Line("host memory, together", HostBytes)] : [],
    ];

    /// <summary>A name and a size in columns.</summary>
    public static string Line(string name, long bytes) => $"{name,-48} {Size(bytes),10}";

    /// <summary>Bytes as a person reads them.</summary>
    public static string Size(long bytes) => bytes >= 10L << 30 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F1} GiB")
        : bytes >= 1L << 30 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F2} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):F0} MiB");
}
