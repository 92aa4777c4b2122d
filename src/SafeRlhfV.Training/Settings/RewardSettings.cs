namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="RewardTrainer"/>; the defaults are the paper's.</summary>
public sealed record RewardSettings : TrainerSettings
{
    /// <summary>η, the weight of the regulariser that keeps scores near zero.</summary>
    public double Eta { get; init; } = 0.001;
}
