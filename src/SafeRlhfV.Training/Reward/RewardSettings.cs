namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="RewardTrainer"/>; the defaults are those of the paper's release.</summary>
public sealed record RewardSettings : ScorerSettings
{
    /// <summary>Three epochs at a constant rate of 3e-5.</summary>
    public RewardSettings() => (Epochs, Optimizer) = (3, new() { Schedule = ScheduleShape.Constant });
}
