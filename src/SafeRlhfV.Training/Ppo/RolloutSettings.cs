using System.ComponentModel.DataAnnotations;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>
/// What trainers have in common that sample responses and learn from their scores; the defaults are those of the paper's release on 8 GPUs: 16 prompts a round,
/// one update with all of them.
/// </summary>
public abstract record RolloutSettings
{
    /// <summary>One seed for every stream of random numbers.</summary>
    [Range(long.MinValue, long.MaxValue)]
    public long Seed { get; init; }

    /// <summary>Rounds of rollout and update; null = as many as the epochs over the prompts take.</summary>
    [Range(1, 1e9)]
    public long? Rounds { get; init; }

    /// <summary>Passes over the prompts.</summary>
    [Range(0, 1e6, MinimumIsExclusive = true)]
    public double Epochs { get; init; } = 3;

    /// <summary>Prompts of one round.</summary>
    [Range(1, 1e9)]
    public int RolloutBatch { get; init; } = 16;

    /// <summary>Prompts that are answered at a time, by memory for keys and values. 0 = all of the round.</summary>
    [Range(0, 1e9)]
    public int RolloutMicroBatch { get; init; }

    /// <summary>
    /// Bytes for keys and values while answers are sampled: as many prompts are answered at a time as fit. 0 = by <see cref="RolloutMicroBatch"/> alone.
    /// </summary>
    [Range(0, 1L << 50)]
    public long RolloutCacheBytes { get; init; }

    /// <summary>Prompts of one update.</summary>
    [Range(1, 1e9)]
    public int MiniBatch { get; init; } = 16;

    /// <summary>
    /// Prompts that run at a time when responses are scored and updates are made, by memory for activations; gradients are summed over the update.
    /// 0 = all of the update.
    /// </summary>
    [Range(0, 1e9)]
    public int MicroBatch { get; init; }

    /// <summary>Updates on each rollout.</summary>
    [Range(1, 1000)]
    public int UpdateEpochs { get; init; } = 1;

    /// <summary>Maximum number of new tokens of a sampled response.</summary>
    [Range(1, 1 << 20)]
    public int MaxNewTokens { get; init; } = 512;

    /// <summary>Sampling temperature; the policy is the distribution at this temperature.</summary>
    [Range(0, 100, MinimumIsExclusive = true)]
    public double Temperature { get; init; } = 1;

    /// <summary>
    /// c: where RM-V or CM-V has several heads, the reward is their mean - c standard deviations and the cost their mean + c standard deviations. Null = 1;
    /// score models of one head know no such number.
    /// </summary>
    [Range(0, 1e12)]
    public double? Pessimism { get; init; }

    /// <summary>What of CM-V's score is the cost.</summary>
    public CostForm Cost { get; init; }

    /// <summary>Above this, an answer is a violation.</summary>
    [Range(-1e12, 1e12)]
    public double CostThreshold { get; init; }

    /// <summary>How λ follows the cost.</summary>
    public MultiplierMode Mode { get; init; } = MultiplierMode.Log;

    /// <summary>λ's settings, with the budget d.</summary>
    public MultiplierOptions Multiplier { get; init; } = new();

    /// <summary>What of the costs must keep the budget.</summary>
    public ConstraintKind Constraint { get; init; }

    /// <summary>α of the CVaR: the mean of the worst 1 - α must keep the budget.</summary>
    [Range(0, 1, MaximumIsExclusive = true)]
    public double CvarAlpha { get; init; } = 0.9;

    /// <summary>Step size of ν, where the tail of the CVaR begins.</summary>
    [Range(0, 1e12)]
    public double CvarLearningRate { get; init; } = 0.1;

    /// <summary>A constraint for each severity in place of the one on the cost; null = one. Budgets are here, all else of λ in multiplier.</summary>
    public SeveritySettings? Severity { get; init; }

    /// <summary>Answers that did not end.</summary>
    public OverlongAnswers Overlong { get; init; }

    /// <summary>Tokens before the limit over which the penalty of overlong answers grows.</summary>
    [Range(0, 1 << 20)]
    public int OverlongMargin { get; init; }

    /// <summary>The weight of the penalty.</summary>
    [Range(0, 1e12)]
    public double OverlongPenalty { get; init; } = 1;

    /// <summary>The reward of an answer that has no token but its end, in place of its rewards; null = those.</summary>
    [Range(-1e12, 1e12)]
    public double? NoAnswerReward { get; init; }

    /// <summary>What an answer is rewarded for, summed by weight; empty = RM-V's score alone. Without a score no reward model is read.</summary>
    public IReadOnlyList<RewardTerm> Rewards { get; init; } = [];

    /// <summary>What of a response CM-V reads for the cost that is held; with answer, or with rewards, both costs are told.</summary>
    public CostReads CostReads { get; init; }

    /// <summary>Refusals are counted, and those of benign prompts may cost reward; null = texts are not looked at.</summary>
    public RefusalSettings? Refusal { get; init; }

    /// <summary>A held-out judge beside the reward; null = none.</summary>
    public JudgeSettings? Judge { get; init; }

    /// <summary>Weight of the next-token loss on instruction data; 0 without such data.</summary>
    [Range(0, 1e12)]
    public double PtxCoefficient { get; init; } = 16;

    /// <summary>Instruction rows beside each update.</summary>
    [Range(1, 1e9)]
    public int PtxBatch { get; init; } = 16;

    /// <summary>Pairs whose answers set the scale of R and C before the first round (<see cref="ScoreCalibration"/>); 0 leaves scores as they are.</summary>
    [Range(0, 1e9)]
    public int CalibrationRows { get; init; }

    /// <summary>The actor's update.</summary>
    public OptimizerSettings Actor { get; init; } = new() { LearningRate = 5e-7 };

    /// <summary>Texts that are too long.</summary>
    public LengthLimits Lengths { get; init; } = new();

    /// <summary>Decoder blocks keep their inputs only and run again in the backward pass.</summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>Bytes of vision features that may be kept.</summary>
    [Range(0, 1L << 50)]
    public long VisionCacheBytes { get; init; } = 2L << 30;

    /// <summary>Prompts that run at a time in scoring and updates.</summary>
    public int PromptsAtOnce => MicroBatch > 0 ? MicroBatch : MiniBatch;

    /// <summary>Whether RM-V's score is rewarded.</summary>
    internal bool UsesScore => Rewards.Count == 0 || Rewards.Any(term => term.Kind == RewardKind.Score);

    /// <summary>Whether the costs of whole responses and of answers alone are told.</summary>
    internal bool TellsBothCosts => Rewards.Count > 0 || CostReads != CostReads.All;

    /// <summary>Rounds for so many prompts.</summary>
    public long RoundsFor(long prompts) => Rounds ?? Math.Max(1, (long)Math.Ceiling(Epochs * prompts / RolloutBatch));

    /// <summary>Updates of each network in one round.</summary>
    public long UpdatesPerRound => (RolloutBatch + MiniBatch - 1) / MiniBatch * (long)UpdateEpochs;
}
