using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>Minimum, quantiles by linear interpolation, maximum and mean, as numpy computes them.</summary>
internal static class Quantiles
{
    private static readonly (string Name, double At)[] Points = [("min", 0), ("p05", 0.05), ("p25", 0.25), ("p50", 0.5), ("p75", 0.75), ("p95", 0.95),
        ("max", 1)];

    public static JsonObject Of(IEnumerable<long> values)
    {
        long[] sorted = [.. values.Order()];
        JsonObject result = [];
        if (sorted.Length == 0) return result;
        foreach ((string name, double at) in Points) result[name] = At(sorted, at);
        result["mean"] = (double)sorted.Sum() / sorted.Length;
        return result;
    }

    private static double At(long[] sorted, double quantile)
    {
        double place = quantile * (sorted.Length - 1);
        int below = (int)Math.Floor(place), above = Math.Min(below + 1, sorted.Length - 1);
        double share = place - below, gap = sorted[above] - sorted[below];
        // numpy interpolates from the nearer end, which decides the last bit
        return share >= 0.5 ? sorted[above] - gap * (1 - share) : sorted[below] + gap * share;
    }
}
