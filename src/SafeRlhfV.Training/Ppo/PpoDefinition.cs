using SafeRlhfV.Objectives;

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
    public override IReadOnlyList<MetricInfo> Metrics { get; } =
    [
        new("reward", "reward", "score", Better.Higher) { Live = true },
        new("cost", "cost", "score", Better.Lower),
        .. OfRewards,
        .. OfConstraints,
        .. OfResponses,
        new("clip_fraction", "clipped tokens", MetricInfo.Share, Better.Lower) { Live = true },
        .. OfUpdate,
        PtxLoss,
        new("reward_critic_loss", "reward critic loss", "", Better.Lower),
        new("cost_critic_loss", "cost critic loss", "", Better.Lower),
        ActorGradientNorm,
        CommonMetrics.LearningRate,
        new("reward_critic_gradient_norm", "reward critic gradient norm") { Drawn = false },
        new("cost_critic_gradient_norm", "cost critic gradient norm") { Drawn = false },
        new("critics_gradient_norm", "gradient norm of both critics") { Drawn = false },
        .. OfRows,
    ];

    /// <inheritdoc/>
    protected override string Offload => "training.actor.offload=true training.critics.offload=true";

    /// <inheritdoc/>
    protected override void CheckTraining(RolloutRecipe recipe, RecipeFaults faults)
    {
        PpoSettings training = ((PpoRecipe)recipe).Training;
        CheckConstraints(training, free: training.CostOnly, faults);
        if (training.Overlong == OverlongAnswers.Mask)
            faults.Add("training.overlong", "mask is grpo's, whose answers are left out whole; take penalise or keep");
        if (!training.CostOnly) return;
        const string Free = "cost_only minimises the cost itself, without a budget; leave one out";
        if (training.Severity is not null) faults.Add("training.severity", Free);
        if (training.Constraint != ConstraintKind.Mean) faults.Add("training.constraint", Free);
    }

    /// <inheritdoc/>
    protected override void Train(RolloutRecipe recipe, RolloutInputs inputs, TrainingRun run, CancellationToken cancellationToken)
    {
        PpoSettings training = ((PpoRecipe)recipe).Training;
        PpoRoles roles = inputs.Models.Roles(inputs.Calibration, training, training.MiniBatch, run.Ranks);
        using ServerRollouts? rollouts = inputs.Servers(recipe, roles.Actor, roles.Reference, run);
        using ServerScores? scores = inputs.Scores(recipe, run);
        SafePpoTrainer.Train(roles, inputs.Prompts, inputs.Instructions, training, run, cancellationToken,
            folder => recipe.Save(inputs.Models, roles.Actor.Adapter, folder), rollouts, scores);
    }
}
