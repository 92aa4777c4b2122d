using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="ScoresTrainer"/>; the release has no such model. Where RM-V and CM-V differ (the schedule), the default is CM-V's.</summary>
public sealed record ScoresSettings : CostScorerSettings
{
    /// <summary>Three epochs, the rate falling from 3e-5 by a cosine.</summary>
    public ScoresSettings() => Epochs = 3;

    /// <summary>Weight of the cost loss beside the reward loss.</summary>
    [Range(0, 1e12)]
    public double CostWeight { get; init; } = 1;
}
