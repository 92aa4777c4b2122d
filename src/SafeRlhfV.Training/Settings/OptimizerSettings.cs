using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>How weights are updated; the defaults are the release's for CM-V, and each trainer's settings replace what differs.</summary>
public sealed record OptimizerSettings
{
    /// <summary>Peak learning rate.</summary>
    [Range(0, 10, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 3e-5;

    /// <summary>How the rate falls after its warm-up.</summary>
    public ScheduleShape Schedule { get; init; } = ScheduleShape.Cosine;

    /// <summary>Share of the steps that warm up.</summary>
    [Range(0, 1)]
    public double WarmupFraction { get; init; } = 0.03;

    /// <summary>The last rate as a share of the peak.</summary>
    [Range(0, 1)]
    public double FloorFraction { get; init; }

    /// <summary>Decay of the gradient's mean.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's mean.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the second moment.</summary>
    [Range(0, 1, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Decoupled weight decay; norms and biases have none, unless <see cref="DecayNormsAndBiases"/> says so.</summary>
    [Range(0, 1e12)]
    public double WeightDecay { get; init; }

    /// <summary>Weight decay applies to norms and biases too, as in plain torch.optim.AdamW.</summary>
    public bool DecayNormsAndBiases { get; init; }

    /// <summary>Gradients are scaled down to this common 2-norm.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>Moments and master copies lie in host memory and come to the device in parts, for their update alone; without effect on the CPU.</summary>
    public bool Offload { get; init; }

    internal AdamWOptions AdamW => new(Beta1, Beta2, Epsilon, WeightDecay) { Offload = Offload, DecayNormsAndBiases = DecayNormsAndBiases };

    internal LearningRateSchedule Over(long steps) => new(Schedule, LearningRate, steps, WarmupFraction, FloorFraction);
}
