namespace SafeRlhfV.Training;

/// <summary><c>train ppo</c>.</summary>
public sealed class PpoDefinition : RolloutDefinition
{
    /// <inheritdoc/>
    public override string Name => "ppo";

    /// <inheritdoc/>
    public override string Summary => "Safe PPO: raise the reward while the cost keeps its budget; PPO-H and PPO-S are settings of it.";

    /// <inheritdoc/>
    public override Type RecipeType => typeof(PpoRecipe);

    /// <inheritdoc/>
    protected override bool HasCritics => true;

    /// <inheritdoc/>
    public override IReadOnlyList<MetricInfo> Metrics { get; } =
    [
        new("reward", "reward", "score", Better.Higher) { Live = true },
        new("cost", "cost", "score", Better.Lower),
        new("window_cost", "mean cost J_C", "score", Better.Lower) { Live = true },
        new("budget", "budget d", "score") { Live = true, Drawn = false },
        new("lambda", "lambda") { Live = true },
        new("kl", "KL to the reference", "nats per response", Better.Lower) { Live = true },
        new("unsafe_share", "unsafe responses", MetricInfo.Share, Better.Lower),
        new("entropy", "entropy", "nats per token") { Live = true },
        new("length", "response length", "tokens") { Live = true },
        new("at_limit", "responses at the length limit", MetricInfo.Share, Better.Lower),
        new("clip_fraction", "clipped tokens", MetricInfo.Share, Better.Lower) { Live = true },
        new("approximate_kl", "KL of the update", "nats per token", Better.Lower),
        new("weight_mean", "mean importance weight"),
        new("weight_p95", "95th percentile of the importance weight"),
        new("weight_outside_share", "importance weights outside 0.9 to 1.1", MetricInfo.Share, Better.Lower),
        new("weight_capped_share", "importance weights above the cap", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("actor_loss", "actor loss", "", Better.Lower),
        new("ptx_loss", "PTX loss", "nats per token", Better.Lower),
        new("reward_critic_loss", "reward critic loss", "", Better.Lower),
        new("cost_critic_loss", "cost critic loss", "", Better.Lower),
        new("actor_gradient_norm", "actor gradient norm"),
        CommonMetrics.LearningRate,
        new("reward_critic_gradient_norm", "reward critic gradient norm") { Drawn = false },
        new("cost_critic_gradient_norm", "cost critic gradient norm") { Drawn = false },
        new("critics_gradient_norm", "gradient norm of both critics") { Drawn = false },
        CommonMetrics.DroppedRows, CommonMetrics.DroppedShare,
        new("dropped_instruction_share", "dropped instruction share", MetricInfo.Share, Better.Lower) { Drawn = false },
        CommonMetrics.CutAnswers,
    ];

    /// <inheritdoc/>
    public override IReadOnlyList<string> MemoryChanges { get; } =
    [
        "training.vision_cache_bytes=256MiB", "training.gradient_checkpointing=true", "training.rollout_cache_bytes=16GiB", "training.rollout_cache_bytes=4GiB",
        "training.micro_batch=4", "training.micro_batch=1", "training.actor.offload=true training.critics.offload=true", "model.dtype=bfloat16",
        "model.sharing=backbone model.lora.rank=16",
    ];

    /// <inheritdoc/>
    public override MemoryPlan Memory(Recipe recipe, PlanInputs inputs) => PpoMemory.Plan((PpoRecipe)recipe, inputs);

    /// <inheritdoc/>
    public override TimePlan Time(Recipe recipe, PlanInputs inputs, DeviceSpeed speed) => PpoTime.Plan((PpoRecipe)recipe, inputs, speed);

    /// <inheritdoc/>
    protected override void CheckTraining(RolloutRecipe recipe, RecipeFaults faults)
    {
        PpoSettings training = ((PpoRecipe)recipe).Training;
        CheckMultiplier(training.Mode, training.Multiplier, free: training.CostOnly, faults);
    }

    /// <inheritdoc/>
    protected override void Train(RolloutRecipe recipe, RolloutInputs inputs, TrainingRun run, CancellationToken cancellationToken)
    {
        PpoSettings training = ((PpoRecipe)recipe).Training;
        PpoRoles roles = inputs.Models.Roles(inputs.Calibration, training, training.MiniBatch, run.Ranks);
        using ServerRollouts? rollouts = inputs.Servers(recipe, roles.Actor, roles.Reference, run);
        SafePpoTrainer.Train(roles, inputs.Prompts, inputs.Instructions, training, run, cancellationToken,
            folder => RecipeModels.Save(inputs.Models.Policy, roles.Actor.Adapter, folder), rollouts);
    }
}
