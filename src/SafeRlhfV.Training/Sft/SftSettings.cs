namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="SftTrainer"/>.</summary>
public sealed record SftSettings : TrainerSettings
{
    /// <summary>
    /// One epoch, the rate falling from 2e-5 by a cosine. The paper gives no settings for fine-tuning; the rate is that of the release's sft.yaml, which takes
    /// 3 epochs.
    /// </summary>
    public SftSettings() => Optimizer = new() { LearningRate = 2e-5 };
}
