using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train scores</c>.</summary>
public sealed class ScoresDefinition : ModelTrainerDefinition<ModelTrainingRecipe<ScoresSettings>>
{
    /// <inheritdoc/>
    public override string Name => "scores";

    /// <inheritdoc/>
    public override string Summary => "Train RM-V and CM-V as two outputs of one model, for --reward and --cost alike.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
    [
        CommonMetrics.Loss, new("reward_loss", "reward loss", "", Better.Lower), new("cost_loss", "cost loss", "", Better.Lower),
        new("reward_accuracy", "reward accuracy", MetricInfo.Share, Better.Higher), new("cost_accuracy", "cost accuracy", MetricInfo.Share, Better.Higher),
        CommonMetrics.SignAccuracy,
    ];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: false, Responses: 2);

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<ScoresSettings> recipe, TrainingRun run) =>
        ModelTraining.Scorer(run, recipe, ModelKind.Scores, (scorer, data, save) => ScoresTrainer.Train(scorer, data, recipe.Training, run, save: save));
}
