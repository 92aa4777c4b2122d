using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>
/// Settings of <see cref="SafePpoTrainer"/>; the defaults are those of the paper's release on 8 GPUs: 16 prompts a round, one update with all of them, one step
/// of λ. Mode fixed with λ 0 is reward-only PPO (PPO-H), <see cref="CostOnly"/> its mirror (PPO-S).
/// </summary>
public sealed record PpoSettings : RolloutSettings
{
    /// <summary>β, weight of the divergence from the reference.</summary>
    [Range(0, 1e12)]
    public double KlCoefficient { get; init; } = 0.02;

    /// <summary>ε of the clipped surrogate.</summary>
    [Range(0, 1, MinimumIsExclusive = true, MaximumIsExclusive = true)]
    public double ClipRange { get; init; } = 0.2;

    /// <summary>Bound on a token's shaped reward and cost.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double ClipScore { get; init; } = 50;

    /// <summary>Bound on a critic's move in one update.</summary>
    [Range(0, 1e12, MinimumIsExclusive = true)]
    public double ClipValue { get; init; } = 5;

    /// <summary>γ.</summary>
    [Range(0, 1)]
    public double Gamma { get; init; } = 1;

    /// <summary>GAE's λ.</summary>
    [Range(0, 1)]
    public double GaeLambda { get; init; } = 0.95;

    /// <summary>Minimise the cost alone and let the reward be (PPO-S).</summary>
    public bool CostOnly { get; init; }

    /// <summary>How a [B, T] loss becomes a number.</summary>
    public Reduction Reduction { get; init; } = Reduction.Row;

    /// <summary>The critics' update.</summary>
    public OptimizerSettings Critics { get; init; } = new() { LearningRate = 5e-7, Schedule = ScheduleShape.Constant };

    /// <summary>The numbers of the objective.</summary>
    public SafePpoOptions ToOptions() => new()
    {
        KlCoefficient = KlCoefficient,
        ClipScore = ClipScore,
        Gamma = Gamma,
        GaeLambda = GaeLambda,
        ClipRange = ClipRange,
        ClipValue = ClipValue,
        Reduction = Reduction,
    };
}
