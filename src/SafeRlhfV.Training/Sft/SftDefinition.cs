namespace SafeRlhfV.Training;

/// <summary><c>train sft</c>.</summary>
public sealed class SftDefinition : ModelTrainerDefinition<ModelTrainingRecipe<SftSettings>>
{
    /// <inheritdoc/>
    public override string Name => "sft";

    /// <inheritdoc/>
    public override string Summary => "Fine-tune a policy on answers.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
        [CommonMetrics.Loss, new("perplexity", "perplexity", "", Better.Lower) { Drawn = false }, new("tokens", "learnt tokens", "tokens") { Drawn = false }];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: true, Responses: 1);

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<SftSettings> recipe, TrainingRun run) =>
        ModelTraining.Policy(run, recipe, (policy, data, save) => SftTrainer.Train(policy, data, recipe.Training, run, save));
}
