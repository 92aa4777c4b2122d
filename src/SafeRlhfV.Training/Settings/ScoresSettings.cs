using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="ScoresTrainer"/>; the defaults are those of <see cref="RewardSettings"/> and <see cref="CostSettings"/>.</summary>
public sealed record ScoresSettings : TrainerSettings
{
    /// <summary>Weight of the cost loss beside the reward loss.</summary>
    public double CostWeight { get; init; } = 1;

    /// <summary>η, the weight of the regulariser that keeps scores near zero.</summary>
    public double Eta { get; init; } = 0.001;

    /// <summary>κ, the weight of the sign term.</summary>
    public double Kappa { get; init; } = 1;

    /// <summary>The signed label z: graded by the harmless rate (the released code), or its sign (text-only Safe RLHF).</summary>
    public HarmLabels Labels { get; init; } = HarmLabels.Graded;
}
