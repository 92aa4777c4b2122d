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
    public override IReadOnlyList<MetricInfo> Metrics { get; } =
    [
        new("reward", "reward", "score", Better.Higher) { Live = true },
        new("cost", "cost", "score", Better.Lower),
        .. OfRewards,
        .. OfConstraints,
        .. OfResponses,
        new("empty_share", "empty responses", MetricInfo.Share, Better.Lower) { Drawn = false },
        new("no_signal_share", "groups that score alike", MetricInfo.Share, Better.Lower),
        new("resampled", "groups that were replaced", "groups", Better.Lower) { Drawn = false },
        new("clip_fraction_low", "tokens clipped below", MetricInfo.Share, Better.Lower),
        new("clip_fraction_high", "tokens clipped above", MetricInfo.Share, Better.Lower),
        .. OfUpdate,
        new("kl_loss", "KL term", "nats per token", Better.Lower),
        PtxLoss,
        ActorGradientNorm,
        CommonMetrics.LearningRate, .. OfRows,
    ];

    /// <inheritdoc/>
    protected override string Offload => "training.actor.offload=true";

    /// <inheritdoc/>
    protected override void CheckTraining(RolloutRecipe recipe, RecipeFaults faults)
    {
        GrpoSettings training = ((GrpoRecipe)recipe).Training;
        CheckConstraints(training, free: false, faults);
        if (training.DualClip <= 1 + training.ClipHigh) faults.Add("training.dual_clip", $"{training.DualClip} must be above 1 + clip_high");
        if (training is { CispoCap: not null, DualClip: not null })
            faults.Add("training.dual_clip", "cispo_cap takes the place of all clipping; leave one out");
        if (training is { CispoCap: not null, Ratio: not PolicyRatio.Token }) faults.Add("training.cispo_cap", "goes with ratio token alone");
        if (training is { KlCorrected: true, KlPlace: KlPlace.Reward })
            faults.Add("training.kl_corrected", "corrects the loss; with kl_place reward set false");
        if (training.Scalarise && training.Advantage != GroupBaseline.Group) faults.Add("training.scalarise", "goes with advantage group alone");
    }

    /// <inheritdoc/>
    protected override void Train(RolloutRecipe recipe, RolloutInputs inputs, TrainingRun run, CancellationToken cancellationToken)
    {
        GrpoSettings training = ((GrpoRecipe)recipe).Training;
        GrpoRoles roles = inputs.Models.GroupRoles(inputs.Calibration, training, training.MiniBatch, run.Ranks);
        using ServerRollouts? rollouts = inputs.Servers(recipe, roles.Actor, roles.Reference, run);
        using ServerScores? scores = inputs.Scores(recipe, run);
        GrpoTrainer.Train(roles, inputs.Prompts, inputs.Instructions, training, run, cancellationToken,
            folder => recipe.Save(inputs.Models, roles.Actor.Adapter, folder), rollouts, scores);
    }
}
