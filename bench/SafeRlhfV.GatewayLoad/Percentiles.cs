namespace SafeRlhfV.GatewayLoad;

/// <summary>What share of measured values lies at or below a value.</summary>
internal static class Percentiles
{
    /// <summary>The smallest value that at least a share of all does not exceed; the median for 0.5.</summary>
    public static double At(IReadOnlyCollection<double> values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
