using SafeRlhfV.Training;

namespace SafeRlhfV.Registry.Tests;

/// <summary><c>train contrast</c>.</summary>
public sealed class ContrastDefinition : ModelTrainerDefinition<ModelTrainingRecipe<ContrastSettings>>
{
    /// <inheritdoc/>
    public override string Name => "contrast";

    /// <inheritdoc/>
    public override string Summary => "Train a policy to give the more helpful response a higher likelihood than the other one.";

    /// <inheritdoc/>
    protected override IReadOnlyList<MetricInfo> OwnMetrics { get; } =
        [CommonMetrics.Loss, new("preferred_more_likely", "preferred more likely", MetricInfo.Share, Better.Higher) { Live = true }];

    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: true, Responses: 2);

    /// <inheritdoc/>
    protected override void CheckOwn(ModelTrainingRecipe<ContrastSettings> recipe, RecipeFaults faults)
    {
        if (recipe.Training.Strength > 1 && recipe.Model.Lora is null) faults.Add("training.strength", "above 1 needs an adapter (model.lora)");
    }

    /// <inheritdoc/>
    protected override void Train(ModelTrainingRecipe<ContrastSettings> recipe, TrainingRun run) =>
        ModelTraining.Policy(run, recipe, (policy, data, save) => ContrastTrainer.Train(policy, data, recipe.Training, run, save));
}
