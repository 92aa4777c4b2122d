using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>What trainers of costs have in common.</summary>
public abstract record CostScorerSettings : ScorerSettings
{
    /// <summary>κ, the weight of the sign term.</summary>
    [Range(0, 1e12)]
    public double Kappa { get; init; } = 1;

    /// <summary>The signed label z: graded by the harmless rate (the released code), or its sign (text-only Safe RLHF).</summary>
    public HarmLabels Labels { get; init; } = HarmLabels.Graded;
}
