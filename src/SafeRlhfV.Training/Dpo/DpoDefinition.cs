namespace SafeRlhfV.Training;

/// <summary><c>train dpo</c>.</summary>
public sealed class DpoDefinition : ModelTrainerDefinition<ModelTrainingRecipe<DpoSettings>>
{
    /// <inheritdoc/>
    public override string Name => "dpo";

    /// <inheritdoc/>
    public override string Summary => "Train a policy on preferences directly (DPO-H, or DPO-S with training.preference=safe).";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
    [
        CommonMetrics.Loss, new("accuracy", "accuracy", MetricInfo.Share, Better.Higher) { Live = true }, new("margin", "margin", "nats", Better.Higher),
        new("chosen_reward", "implicit reward of the chosen response", "nats", Better.Higher),
    ];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: true, Responses: 2, HasReference: true);

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<DpoSettings> recipe, TrainingRun run) =>
        ModelTraining.PolicyAndReference(run, recipe,
            (policy, reference, tower, data, save) => DpoTrainer.Train(policy, reference, data, recipe.Training, run, save, tower));
}
