using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train reward</c>.</summary>
public sealed class RewardDefinition : ModelTrainerDefinition<ModelTrainingRecipe<RewardSettings>>
{
    /// <inheritdoc/>
    public override string Name => "reward";

    /// <inheritdoc/>
    public override string Summary => "Train RM-V: how helpful an answer is.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
        [CommonMetrics.Loss, CommonMetrics.PairAccuracy, new("margin", "margin", "score", Better.Higher)];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: false, Responses: 2);

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<RewardSettings> recipe, TrainingRun run) =>
        ModelTraining.Scorer(run, recipe, ModelKind.Reward, (scorer, data, save) => RewardTrainer.Train(scorer, data, recipe.Training, run, save: save));
}
