using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>Settings of <see cref="GrpoTrainer"/>. Batches are counted in prompts, each of which has <see cref="GroupSize"/> answers.</summary>
public sealed record GrpoSettings : RolloutSettings
{
    /// <summary>G: answers to each prompt, which are measured against each other.</summary>
    [Range(2, 1e6)]
    public int GroupSize { get; init; } = 8;

    /// <summary>What an answer's rewards and costs are measured against.</summary>
    public GroupBaseline Advantage { get; init; }

    /// <summary>Standardise R - Σ λ C in one instead of each for itself, as trainers without constraints do; for comparison.</summary>
    public bool Scalarise { get; init; }

    /// <summary>What the ratio of new to old probability is taken over.</summary>
    public PolicyRatio Ratio { get; init; }

    /// <summary>How the losses of an update's tokens become a number.</summary>
    public BatchReduction Reduction { get; init; }

    /// <summary>ε below.</summary>
    [Range(0, 1, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double ClipLow { get; init; } = 0.2;

    /// <summary>ε above.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Bounds the ratio of a bad answer from above, more than 1 + ε; null = not.</summary>
    [Range(1, 1e12)]
    public double? DualClip { get; init; }

    /// <summary>Take CISPO's loss in place of the clipped one, with weights up to this; null = not.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double? CispoCap { get; init; }

    /// <summary>How the divergence from the reference is estimated.</summary>
    public KlEstimator KlEstimator { get; init; } = KlEstimator.K3;

    /// <summary>β, weight of the divergence from the reference; 0 = it is measured and not held.</summary>
    [Range(0, 1e12)]
    public double KlCoefficient { get; init; } = 0.02;

    /// <summary>Whether the divergence is a term of the loss or of the rewards.</summary>
    public KlPlace KlPlace { get; init; }

    /// <summary>In the loss, multiply each estimate by the ratio of new to old probability, which makes it right off-policy.</summary>
    public bool KlCorrected { get; init; }

    /// <summary>
    /// How often the prompts of groups whose answers all score alike, which teach nothing, are replaced by the next prompts (DAPO's dynamic sampling); 0 = such
    /// groups are counted alone.
    /// </summary>
    [Range(0, 100)]
    public int Resample { get; init; }

    /// <summary>The numbers of the policy's loss.</summary>
    internal RatioOptions ToRatioOptions() => new() { Ratio = Ratio, ClipLow = ClipLow, ClipHigh = ClipHigh, DualClip = DualClip, CispoCap = CispoCap };
}
