namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="DpoTrainer"/>.</summary>
public sealed record DpoSettings : TrainerSettings
{
    /// <summary>β.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>The assumed share of flipped labels.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Which of a pair's two preferences is learnt: helpful (DPO-H) or safe (DPO-S).</summary>
    public PreferenceKind Preference { get; init; } = PreferenceKind.Helpful;
}
