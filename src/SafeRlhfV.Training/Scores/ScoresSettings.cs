using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="ScoresTrainer"/>; the release has no such model. Where RM-V and CM-V differ (the schedule), the default is CM-V's.</summary>
public sealed record ScoresSettings : ScorerSettings
{
    /// <summary>Three epochs, the rate falling from 3e-5 by a cosine.</summary>
    public ScoresSettings() => Epochs = 3;

    /// <summary>Weight of the cost loss beside the reward loss.</summary>
    [Range(0, 1e12)]
    public double CostWeight { get; init; } = 1;

    /// <summary>η, the weight of the regulariser that keeps scores near zero.</summary>
    [Range(0, 1e12)]
    public double Eta { get; init; } = 0.001;

    /// <summary>κ, the weight of the sign term.</summary>
    [Range(0, 1e12)]
    public double Kappa { get; init; } = 1;

    /// <summary>The signed label z: graded by the harmless rate (the released code), or its sign (text-only Safe RLHF).</summary>
    public HarmLabels Labels { get; init; } = HarmLabels.Graded;
}
