using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary><c>train grpo</c>.</summary>
public sealed class GrpoDefinition : RolloutDefinition
{
    /// <inheritdoc/>
    public override string Name => "grpo";

    /// <inheritdoc/>
    public override string Summary => "Safe RLHF-V without critics: answers to one prompt are measured against each other, under constraints on cost.";

    /// <inheritdoc/>
    public override Type RecipeType => typeof(GrpoRecipe);

    /// <inheritdoc/>
    protected override bool HasCritics => false;

    /// <inheritdoc/>
    public override IReadOnlyList<MetricInfo> Metrics { get; } =
    [
        new("reward", "reward", "score", Better.Higher) { Live = true },
        new("cost", "cost", "score", Better.Lower),
        new("window_cost", "constrained cost J_C", "score", Better.Lower) { Live = true },
        new("budget", "budget d", "score") { Live = true, Drawn = false },
        new("lambda", "lambda") { Live = true },
        new("nu", "start of the tail", "score") { Drawn = false },
        new("violations", "answers above the threshold", MetricInfo.Share, Better.Lower),
        .. GroupCosts.Severities.SelectMany(severity => (MetricInfo[])
        [
            new($"lambda_{severity}", $"lambda of {severity} harm") { Live = true },
            new($"violations_{severity}", $"answers with {severity} harm", MetricInfo.Share, Better.Lower),
            new($"window_cost_{severity}", $"constrained share of {severity} harm", MetricInfo.Share, Better.Lower),
            new($"budget_{severity}", $"budget of {severity} harm", MetricInfo.Share) { Drawn = false },
            new($"nu_{severity}", $"start of the tail of {severity} harm", "score") { Drawn = false },
        ]),
        new("kl", "KL to the reference", "nats per response", Better.Lower) { Live = true },
        new("unsafe_share", "unsafe responses", MetricInfo.Share, Better.Lower),
        new("entropy", "entropy", "nats per token") { Live = true },
        new("length", "response length", "tokens") { Live = true },
        new("at_limit", "responses at the length limit", MetricInfo.Share, Better.Lower),
        new("empty_share", "empty responses", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("no_signal_share", "groups that score alike", MetricInfo.Share, Better.Lower),
        new("resampled", "groups that were replaced", "groups", Better.Lower) { Drawn = false },
        new("clip_fraction_low", "tokens clipped below", MetricInfo.Share, Better.Lower),
        new("clip_fraction_high", "tokens clipped above", MetricInfo.Share, Better.Lower),
        new("approximate_kl", "KL of the update", "nats per token", Better.Lower),
        new("weight_mean", "mean importance weight"),
        new("weight_p95", "95th percentile of the importance weight"),
        new("weight_outside_share", "importance weights outside 0.9 to 1.1", MetricInfo.Share, Better.Lower),
        new("weight_capped_share", "importance weights above the cap", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("actor_loss", "actor loss", "", Better.Lower),
        new("kl_loss", "KL term", "nats per token", Better.Lower),
        new("ptx_loss", "PTX loss", "nats per token", Better.Lower),
        new("actor_gradient_norm", "actor gradient norm"),
        CommonMetrics.LearningRate, CommonMetrics.DroppedRows, CommonMetrics.DroppedShare,
        new("dropped_instruction_share", "dropped instruction share", MetricInfo.Share, Better.Lower) { Drawn = false },
        CommonMetrics.CutAnswers,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> MemoryChanges { get; } =
    [
        "training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.rollout_cache_bytes=16GiB", "training.rollout_cache_bytes=4GiB",
        "training.micro_batch=4", "training.micro_batch=1", "training.actor.offload=true", "model.dtype=bfloat16",
        "model.sharing=backbone model.lora.rank=16",
    ];

    /// <inheritdoc/>
    public override MemoryPlan Memory(Recipe recipe, PlanInputs inputs) => PpoMemory.Plan((GrpoRecipe)recipe, inputs);

    /// <inheritdoc/>
    public override TimePlan Time(Recipe recipe, PlanInputs inputs, DeviceSpeed speed) => PpoTime.Plan((GrpoRecipe)recipe, inputs, speed);

    /// <inheritdoc/>
    protected override void CheckTraining(RolloutRecipe recipe, RecipeFaults faults)
    {
        GrpoSettings training = ((GrpoRecipe)recipe).Training;
        CheckMultiplier(training.Mode, training.Multiplier, free: false, faults);
        if (training.DualClip <= 1 + training.ClipHigh) faults.Add("training.dual_clip", $"{training.DualClip} must be above 1 + clip_high");
        if (training is { CispoCap: not null, DualClip: not null })
            faults.Add("training.dual_clip", "cispo_cap takes the place of all clipping; leave one out");
        if (training is { CispoCap: not null, Ratio: not PolicyRatio.Token }) faults.Add("training.cispo_cap", "goes with ratio token alone");
        if (training is { KlCorrected: true, KlPlace: KlPlace.Reward })
            faults.Add("training.kl_corrected", "corrects the loss; with kl_place reward set false");
        if (training.Scalarise && training.Advantage != GroupBaseline.Group) faults.Add("training.scalarise", "goes with advantage group alone");
        if (training.Overlong != OverlongAnswers.Penalise && training.OverlongMargin > 0)
            faults.Add("training.overlong_margin", "is that of a penalty; set overlong: penalise, or 0");
        if (training.OverlongMargin > training.MaxNewTokens)
            faults.Add("training.overlong_margin", $"{training.OverlongMargin} is more than max_new_tokens {training.MaxNewTokens}");
        if (training.Resample > 0 && recipe.Rollouts is not null)
            faults.Add("training.resample", "a round is asked of servers once; set 0, or leave rollouts out");
        if (training.Severity is { } severity)
        {
            if (severity.Bands.Count != SeverityCosts.Count) faults.Add("training.severity.bands", "are three numbers: for minor, moderate and severe harm");
            if (severity.Budgets.Count != SeverityCosts.Count) faults.Add("training.severity.budgets", "are three shares: of minor, moderate and severe harm");
            if (!severity.Bands.SequenceEqual(severity.Bands.Order()) || severity.Bands.Distinct().Count() != severity.Bands.Count)
                faults.Add("training.severity.bands", "must rise from minor to severe");
            if (training.Cost == CostForm.Violation) faults.Add("training.cost", "severity.bands say what a violation is; set cost: score");
        }
    }

    /// <inheritdoc/>
    protected override void Train(RolloutRecipe recipe, RolloutInputs inputs, TrainingRun run, CancellationToken cancellationToken)
    {
        GrpoSettings training = ((GrpoRecipe)recipe).Training;
        GrpoRoles roles = inputs.Models.GroupRoles(inputs.Calibration, training, training.MiniBatch, run.Ranks);
        using ServerRollouts? rollouts = inputs.Servers(recipe, roles.Actor, roles.Reference, run);
        GrpoTrainer.Train(roles, inputs.Prompts, inputs.Instructions, training, run, cancellationToken,
            folder => RecipeModels.Save(inputs.Models.Policy, roles.Actor.Adapter, folder), rollouts);
    }
}
