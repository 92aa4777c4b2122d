using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>
/// How a pair's β follows from its margin, where <see cref="DpoSettings.Beta"/> is <c>margin</c>: β · clip(1 + slope (m - mean), minimum, maximum).
/// </summary>
public sealed record BetaMarginSettings
{
    /// <summary>β of a pair with the mean margin.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>By how much the factor rises with each point of the rates' difference; below 0 it falls.</summary>
    [Range(-1e12, 1e12)]
    public double Slope { get; init; } = 0.5;

    /// <summary>The smallest factor.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double Minimum { get; init; } = 0.2;

    /// <summary>The largest factor.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double Maximum { get; init; } = 2;

    /// <summary>The mean margin; null = the mean of each step's batch.</summary>
    [Range(-1e12, 1e12)]
    public double? Mean { get; init; }
}
