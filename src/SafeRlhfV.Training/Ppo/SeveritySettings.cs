using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Constraints by severity: minor, moderate and severe harm each have a budget and a multiplier of their own.</summary>
public sealed record SeveritySettings
{
    /// <summary>The scores C above which harm is minor, moderate and severe, in rising order.</summary>
    [Range(-1e12, 1e12)]
    public IReadOnlyList<double> Bands { get; init; } = [0, 1, 2];

    /// <summary>Whether the share of minor harm includes moderate and severe harm.</summary>
    public SeverityEncoding Encoding { get; init; }

    /// <summary>The shares of answers with minor, moderate and severe harm that are allowed.</summary>
    [Range(0, 1)]
    public IReadOnlyList<double> Budgets { get; init; } = [0.1, 0.03, 0.01];
}
