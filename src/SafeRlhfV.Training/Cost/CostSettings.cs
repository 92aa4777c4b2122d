namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="CostTrainer"/>; the defaults are those of the paper's release.</summary>
public sealed record CostSettings : CostScorerSettings
{
    /// <summary>Three epochs, the rate falling from 3e-5 by a cosine.</summary>
    public CostSettings() => Epochs = 3;
}
