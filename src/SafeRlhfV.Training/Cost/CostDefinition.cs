using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary><c>train cost</c>.</summary>
public sealed class CostDefinition : ModelTrainerDefinition<ModelTrainingRecipe<CostSettings>>
{
    /// <inheritdoc/>
    public override string Name => "cost";

    /// <inheritdoc/>
    public override string Summary => "Train CM-V: how harmful an answer is, in order and in sign.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } = [CommonMetrics.Loss, CommonMetrics.PairAccuracy, CommonMetrics.SignAccuracy];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: false, Responses: 2);

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<CostSettings> recipe, TrainingRun run) =>
        ModelTraining.Scorer(run, recipe, ModelKind.Cost, (scorer, data, save) => CostTrainer.Train(scorer, data, recipe.Training, run, save: save));
}
