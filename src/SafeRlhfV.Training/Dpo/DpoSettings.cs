using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="DpoTrainer"/>. Rate and epochs are those of the paper's runs, the rest is the release's dpo.yaml.</summary>
public sealed record DpoSettings : TrainerSettings
{
    /// <summary>Two epochs, the rate falling from 1e-6 by a cosine, weight decay 0.01.</summary>
    public DpoSettings() => (Epochs, Optimizer) = (2, new() { LearningRate = 1e-6, WeightDecay = 0.01 });

    /// <summary>β: a number, or <c>margin</c> for one that each pair's rates give.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public BetaChoice Beta { get; init; } = 0.1;

    /// <summary>The assumed share of flipped labels.</summary>
    [Range(0, 0.5, MaximumIsExclusive = true)]
    public double LabelSmoothing { get; init; }

    /// <summary>What is learnt of a pair: its helpful preference (DPO-H), its safe one (DPO-S), or the helpful one below safety (SafeDPO).</summary>
    public PreferenceKind Preference { get; init; } = PreferenceKind.Helpful;

    /// <summary>SafeDPO's Δ: the logit of a safe answer against an unsafe one falls by it, so the safe one must win by more than Δ / β.</summary>
    [Range(0, 1e12)]
    public double Delta { get; init; } = 10;

    /// <summary>What SafeDPO does with pairs of two unsafe answers.</summary>
    public BothUnsafe BothUnsafe { get; init; }

    /// <summary>How β follows from the margin.</summary>
    public BetaMarginSettings BetaMargin { get; init; } = new();

    internal PairChoice Pairs => new(Preference) { BothUnsafe = BothUnsafe, Margin = Beta == BetaChoice.FromMargin };

    /// <summary>β of a pair of a batch.</summary>
    internal double BetaOf(PairSample pair, double meanMargin) => Beta.Number
        ?? MarginBeta.Of(pair.Margin, BetaMargin.Mean ?? meanMargin, BetaMargin.Beta, BetaMargin.Slope, BetaMargin.Minimum, BetaMargin.Maximum);
}
