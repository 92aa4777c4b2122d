using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>
/// What is alike in trainers that sample responses and learn from their scores: where models and data come from, and what their recipes may say.
/// </summary>
public abstract class RolloutDefinition : TrainerDefinition
{
    /// <summary>What the constraints are at.</summary>
    protected static IReadOnlyList<MetricInfo> OfConstraints { get; } =
    [
        new("window_cost", "constrained cost J_C", "score", Better.Lower) { Live = true },
        new("budget", "budget d", "score") { Live = true, Drawn = false },
        new("lambda", "lambda") { Live = true },
        new("budget_margin", "margin that the budget is tightened by", "score") { Drawn = false },
        new("nu", "start of the tail", "score") { Drawn = false },
        new("violations", "answers above the threshold", MetricInfo.Share, Better.Lower),
        .. RolloutCosts.Severities.SelectMany(severity => (MetricInfo[])
        [
            new($"lambda_{severity}", $"lambda of {severity} harm") { Live = true },
            new($"violations_{severity}", $"answers with {severity} harm", MetricInfo.Share, Better.Lower),
            new($"window_cost_{severity}", $"constrained share of {severity} harm", MetricInfo.Share, Better.Lower),
            new($"budget_{severity}", $"budget of {severity} harm", MetricInfo.Share) { Drawn = false },
            new($"nu_{severity}", $"start of the tail of {severity} harm", "score") { Drawn = false },
        ]),
    ];

    /// <summary>What is measured of a round's responses.</summary>
    protected static IReadOnlyList<MetricInfo> OfResponses { get; } =
    [
        new("kl", "KL to the reference", "nats per response", Better.Lower) { Live = true },
        new("unsafe_share", "unsafe responses", MetricInfo.Share, Better.Lower),
        new("reward_disagreement", "disagreement of the reward's heads", "score", Better.Lower),
        new("cost_disagreement", "disagreement of the cost's heads", "score", Better.Lower),
        new("cost_sign_disagreement", "responses that only some heads call unsafe", MetricInfo.Share, Better.Lower),
        new("entropy", "entropy", "nats per token") { Live = true },
        new("length", "response length", "tokens") { Live = true },
        new("at_limit", "responses at the length limit", MetricInfo.Share, Better.Lower),
        new("retokenised_share", "responses that servers scored as text", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("refusal_rate", "harmful prompts refused", MetricInfo.Share, Better.Higher),
        new("over_refusal_rate", "benign prompts refused", MetricInfo.Share, Better.Lower),
        new("judge", "score of the held-out judge", "score", Better.Higher),
        new("judge_error", "standard error of the judge's score", "score") { Drawn = false },
        new("judged_reward", "reward of the judged responses", "score", Better.Higher) { Drawn = false },
        new("judged_reward_error", "standard error of that reward", "score") { Drawn = false },
        new("reward_hacking", "reward up while the judge falls", "", Better.Lower) { Drawn = false },
    ];

    /// <summary>What is measured of rewards that a recipe lists, and of responses with thoughts.</summary>
    protected static IReadOnlyList<MetricInfo> OfRewards { get; } =
    [
        new("reward_score", "RM-V's score", "score", Better.Higher),
        new("reward_exact", "exact answers", MetricInfo.Share, Better.Higher),
        new("reward_choice", "right choices", MetricInfo.Share, Better.Higher),
        new("reward_number", "right numbers", MetricInfo.Share, Better.Higher),
        new("reward_format", "responses of the right form", MetricInfo.Share, Better.Higher),
        new("unread_exact", "answers that cannot be read", MetricInfo.Share, Better.Lower),
        new("unread_choice", "choices that cannot be read", MetricInfo.Share, Better.Lower),
        new("unread_number", "numbers that cannot be read", MetricInfo.Share, Better.Lower),
        new("cost_all", "cost of whole responses", "score", Better.Lower),
        new("cost_answer", "cost of answers without thoughts", "score", Better.Lower),
        new("unclosed_share", "responses whose thoughts never end", MetricInfo.Share, Better.Lower),
    ];

    /// <summary>What is measured of the actor's update.</summary>
    protected static IReadOnlyList<MetricInfo> OfUpdate { get; } =
    [
        new("approximate_kl", "KL of the update", "nats per token", Better.Lower),
        new("weight_mean", "mean importance weight"),
        new("weight_p95", "95th percentile of the importance weight"),
        new("weight_outside_share", "importance weights outside 0.9 to 1.1", MetricInfo.Share, Better.Lower),
        new("weight_capped_share", "importance weights above the cap", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("actor_loss", "actor loss", "", Better.Lower),
    ];

    /// <summary>Rows that cannot be used, of prompts and of instructions.</summary>
    protected static IReadOnlyList<MetricInfo> OfRows { get; } =
    [
        CommonMetrics.DroppedRows, CommonMetrics.DroppedShare,
        new("dropped_instruction_share", "dropped instruction share", MetricInfo.Share, Better.Lower) { Drawn = false },
        CommonMetrics.CutAnswers,
    ];

    /// <summary>The loss on instruction rows.</summary>
    protected static MetricInfo PtxLoss { get; } = new("ptx_loss", "PTX loss", "nats per token", Better.Lower);

    /// <summary>The norm of the actor's gradient.</summary>
    protected static MetricInfo ActorGradientNorm { get; } = new("actor_gradient_norm", "actor gradient norm");

    /// <summary>The settings that offload the states of all optimizers.</summary>
    protected abstract string Offload { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<string> MemoryChanges =>
    [
        "training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.rollout_cache_bytes=16GiB", "training.rollout_cache_bytes=4GiB",
        "training.rollout_cache_bytes=1GiB", "training.micro_batch=4", "training.micro_batch=1", Offload, "model.dtype=bfloat16",
        "model.sharing=backbone model.lora.rank=16",
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<TrainOption> Options { get; } =
    [
        new("--model", "model.policy", "The policy to start from"), new("--reward", "model.reward", "The reward model"),
        new("--cost", "model.cost", "The cost model"),
        new("--data", "data.prompts.folder", "The data set that has the prompts"),
        new("--certify-data", "certify.folder", "Held-out prompts that decide whether the policy is released"),
    ];

    /// <inheritdoc/>
    public override void Check(Recipe recipe, RecipeFaults faults)
    {
        RolloutRecipe rollout = (RolloutRecipe)recipe;
        (PpoModelsRecipe model, RolloutSettings training) = (rollout.Model, rollout.Sampling);
        faults.Need("model.policy", model.Policy, "the policy to start from (--model)");
        if (training.UsesScore) faults.Need("model.reward", model.Reward, "the reward model (--reward)");
        faults.Need("model.cost", model.Cost, "the cost model (--cost)");
        faults.Need("data.prompts.folder", rollout.Data.Prompts.Folder, "the data set that has the prompts (--data)");
        if (rollout.Data.Instructions is { } instructions) faults.Need("data.instructions.folder", instructions.Folder, "the instruction data");
        if (rollout.Data.Calibration is { } pairs)
            faults.Need("data.calibration.folder", pairs.Folder, "the pairs that the scores are brought onto one scale by");
        faults.CheckDevice(model.Device);
        faults.CheckTargets(model.Lora);
        faults.CheckLengths(training.Lengths);
        faults.CheckSchedule("training.actor", training.Actor);
        if (training is PpoSettings { Critics: { } critics }) faults.CheckSchedule("training.critics", critics);
        rollout.Rollouts?.Check(faults);
        if (rollout.Rollouts is not null && model.Lora is { ModulesToSave.Count: > 0 })
            faults.Add("model.lora.modules_to_save", "the servers that sample load low-rank products alone; leave it out, or rollouts");
        rollout.Scoring?.Check(model, faults);
        bool sharing = !faults.Has("model.sharing");
        if (sharing && model.Sharing == Sharing.Backbone && model.Lora is null)
            faults.Add("model.lora", "sharing: backbone trains adapters; give model.lora, or sharing: none");
        if (sharing && model.Sharing == Sharing.None && model.Lora is not null)
            faults.Add("model.lora", "sharing: none trains all weights; leave model.lora out, or take sharing: backbone");
        if (training.MiniBatch > training.RolloutBatch)
            faults.Add("training.mini_batch", $"{training.MiniBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.MicroBatch > training.MiniBatch) faults.Add("training.micro_batch", $"{training.MicroBatch} is more than mini_batch {training.MiniBatch}");
        if (training.RolloutMicroBatch > training.RolloutBatch)
            faults.Add("training.rollout_micro_batch", $"{training.RolloutMicroBatch} is more than rollout_batch {training.RolloutBatch}");
        if (training.PtxCoefficient > 0 && rollout.Data.Instructions is null)
            faults.Add("training.ptx_coefficient", "PTX needs data.instructions; give them, or set 0");
        if (training.Overlong != OverlongAnswers.Penalise && training.OverlongMargin > 0)
            faults.Add("training.overlong_margin", "is that of a penalty; set overlong: penalise, or 0");
        if (training.Overlong != OverlongAnswers.Penalise && training.OverlongPenalty != new GrpoSettings().OverlongPenalty)
            faults.Add("training.overlong_penalty", "has an effect with overlong: penalise only");
        if (training.OverlongMargin > training.MaxNewTokens)
            faults.Add("training.overlong_margin", $"{training.OverlongMargin} is more than max_new_tokens {training.MaxNewTokens}");
        CheckRewards(training, model, faults);
        RaterChecks.Check(rollout, faults);
        CheckTraining(rollout, faults);
        rollout.Certify?.Check(rollout, faults);
    }

    /// <inheritdoc/>
    public override void Train(Recipe recipe, TrainingRun run, CancellationToken cancellationToken)
    {
        RolloutRecipe rollout = (RolloutRecipe)recipe;
        if (rollout.Certify is not null && !run.Options.IsCandidate)
            throw new InvalidInputException("certify: 'safe-rlhf-v train' certifies a policy, and nothing else does; leave the section out here.");
        RaterChecks.Demand(rollout.Sampling);
        using RolloutInputs inputs = new(rollout, run);
        Train(rollout, inputs, run, cancellationToken);
    }

    /// <inheritdoc/>
    public override PlanData Look(Recipe recipe, ModelProcessor processor)
    {
        RolloutRecipe rollout = (RolloutRecipe)recipe;
        RolloutSettings training = rollout.Sampling;
        PlanSizes? Sizes(DataRecipe? data) => data is null ? null : PlanSizes.Look(data, processor, training.Lengths);
        return new PlanData(PlanSizes.Look(rollout.Data.Prompts, processor, training.Lengths, prompts: true), Sizes(rollout.Data.Instructions),
            Sizes(training.CalibrationRows == 0 ? null : rollout.Data.Calibration ?? rollout.Data.Prompts));
    }

    /// <inheritdoc/>
    public override MemoryPlan Memory(Recipe recipe, PlanInputs inputs) => PpoMemory.Plan((RolloutRecipe)recipe, inputs);

    /// <inheritdoc/>
    public override TimePlan Time(Recipe recipe, PlanInputs inputs, DeviceSpeed speed) => PpoTime.Plan((RolloutRecipe)recipe, inputs, speed);

    /// <summary>Finds what is wrong in the trainer's own settings.</summary>
    protected abstract void CheckTraining(RolloutRecipe recipe, RecipeFaults faults);

    /// <summary>Trains with what was loaded.</summary>
    protected abstract void Train(RolloutRecipe recipe, RolloutInputs inputs, TrainingRun run, CancellationToken cancellationToken);

    private static void CheckRewards(RolloutSettings training, PpoModelsRecipe model, RecipeFaults faults)
    {
        const string Rewards = "training.rewards";
        foreach ((int i, RewardTerm term) in training.Rewards.Index())
            if (!faults.Has($"{Rewards}[{i}].kind") && term.Fault is { } fault) faults.Add(Rewards, $"entry {i + 1} {fault}");
        foreach (IGrouping<RewardKind?, RewardTerm> same in training.Rewards.GroupBy(term => term.Kind).Where(same => same.Key is not null && same.Count() > 1))
            faults.Add(Rewards, $"have {same.First().Name} {same.Count()} times; give each kind once");
        if (!training.UsesScore && training.Rewards.All(term => term.Kind is not null) && model.HasReward)
            faults.Add("model.reward", "is not read: training.rewards has no kind score; leave it out, or reward the score");
        if (training is PpoSettings { CostOnly: true } && training.Rewards.Count > 0)
            faults.Add(Rewards, "do not count with cost_only, which minimises the cost alone; leave one out");
    }

    /// <summary>Checks the constraints and their multipliers.</summary>
    /// <param name="training">The settings.</param>
    /// <param name="free">λ is not used.</param>
    /// <param name="faults">Collects what is wrong.</param>
    protected static void CheckConstraints(RolloutSettings training, bool free, RecipeFaults faults)
    {
        MultiplierOptions multiplier = training.Multiplier;
        if (multiplier.Maximum is { } most && multiplier.Initial > most)
            faults.Add("training.multiplier.initial", $"{multiplier.Initial} is above maximum {most}");
        if (training.Mode == MultiplierMode.Log && multiplier.Initial <= 0 && !free)
            faults.Add("training.multiplier.initial", "mode log cannot leave 0; begin above it, or take mode fixed for training on the reward alone");
        double budget = multiplier.Budget;
        if (training.Cost == CostForm.Violation && budget is < 0 or > 1 && !free)
            faults.Add("training.multiplier.budget", $"{budget} must be 0 to 1: with cost: violation it bounds a share of answers");
        if (training.Cost == CostForm.Score && training.CostThreshold != 0)
            faults.Add("training.cost_threshold", "says what a violation is; set cost: violation, or leave it out");
        RolloutSettings usual = training is PpoSettings ? new PpoSettings() : new GrpoSettings();
        if (training.Constraint != ConstraintKind.Cvar)
        {
            const string Idle = "has an effect with constraint: cvar only";
            if (training.CvarAlpha != usual.CvarAlpha) faults.Add("training.cvar_alpha", Idle);
            if (training.CvarLearningRate != usual.CvarLearningRate) faults.Add("training.cvar_learning_rate", Idle);
        }
        if (training.Severity is not { } severity) return;
        // a base may have one for its other uses
        if (faults.IsSet("training.multiplier.budget")) faults.Add("training.multiplier.budget", "is not read: severity.budgets take its place; set those");
        if (severity.Bands.Count != SeverityCosts.Count) faults.Add("training.severity.bands", "are three numbers: for minor, moderate and severe harm");
        if (severity.Budgets.Count != SeverityCosts.Count) faults.Add("training.severity.budgets", "are three shares: of minor, moderate and severe harm");
        if (!severity.Bands.SequenceEqual(severity.Bands.Order()) || severity.Bands.Distinct().Count() != severity.Bands.Count)
            faults.Add("training.severity.bands", "must rise from minor to severe");
        if (severity.Encoding == SeverityEncoding.Cumulative && !severity.Budgets.SequenceEqual(severity.Budgets.OrderDescending()))
            faults.Add("training.severity.budgets", "must not rise from minor to severe: with encoding: cumulative the share of minor harm includes moderate "
                + "and severe harm, so that a larger budget of these could never be used");
        if (training.Cost == CostForm.Violation) faults.Add("training.cost", "severity.bands say what a violation is; set cost: score");
    }
}
