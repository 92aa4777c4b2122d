namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="SftTrainer"/>.</summary>
public sealed record SftSettings : TrainerSettings;
