using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="DpoTrainer"/>. Rate and epochs are those of the paper's runs, the rest is the release's dpo.yaml.</summary>
public sealed record DpoSettings : TrainerSettings
{
    /// <summary>Two epochs, the rate falling from 1e-6 by a cosine, weight decay 0.01.</summary>
    public DpoSettings() => (Epochs, Optimizer) = (2, new() { LearningRate = 1e-6, WeightDecay = 0.01 });

    /// <summary>β.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double Beta { get; init; } = 0.1;

    /// <summary>The assumed share of flipped labels.</summary>
    [Range(0, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>Which of a pair's two preferences is learnt: helpful (DPO-H) or safe (DPO-S).</summary>
    public PreferenceKind Preference { get; init; } = PreferenceKind.Helpful;
}
