using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>What a recipe takes at its peak.</summary>
/// <param name="Parts">Weights, gradients, optimizer, activations, KV cache, and so on.</param>
/// <param name="Assumed">What was assumed, in words: rows and tokens of the largest batch.</param>
public sealed record MemoryPlan(IReadOnlyList<MemoryPart> Parts, string Assumed)
{
    /// <summary>All lasting parts and the largest of those that take turns.</summary>
    public long TotalBytes => Parts.Where(part => part.AtOnce).Sum(part => part.Bytes) + Parts.Where(part => !part.AtOnce).Select(part => part.Bytes).DefaultIfEmpty(0).Max();

    /// <summary>The plan as lines of text, the total last.</summary>
    public IReadOnlyList<string> Lines =>
    [
        .. Parts.Select(part => $"{part.Name,-44} {Size(part.Bytes),10}{(part.AtOnce ? "" : "  in turn")}"),
        $"{"together at the peak",-44} {Size(TotalBytes),10}  ({Assumed})",
    ];

    /// <summary>Bytes as a person reads them.</summary>
    public static string Size(long bytes) => bytes >= 10L << 30 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F1} GiB")
        : bytes >= 1L << 30 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):F2} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):F0} MiB");
}
