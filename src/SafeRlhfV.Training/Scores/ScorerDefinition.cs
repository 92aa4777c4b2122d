using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A trainer of a score model.</summary>
/// <typeparam name="T">Its settings.</typeparam>
public abstract class ScorerDefinition<T> : ModelTrainerDefinition<ModelTrainingRecipe<T>> where T : ScorerSettings, new()
{
    /// <inheritdoc/>
    protected override StepCost Cost => new(IsPolicy: false, Responses: 2) { Outputs = ModelKinds.Outputs(Kind) };

    /// <summary>What the head scores.</summary>
    protected abstract ModelKind Kind { get; }

    /// <summary>Trains the scorer in place and saves it.</summary>
    private protected abstract void Train(ScorerRole scorer, TrainingData data, T settings, TrainingRun run, Action<string> save);

    /// <inheritdoc/>
    protected sealed override void Train(ModelTrainingRecipe<T> recipe, TrainingRun run) =>
        ModelTraining.Scorer(run, recipe, Kind, (scorer, data, save) => Train(scorer, data, recipe.Training, run, save), recipe.Training.Heads);

    /// <inheritdoc/>
    protected override void CheckOwn(ModelTrainingRecipe<T> recipe, RecipeFaults faults)
    {
        if (recipe.Training is { Bootstrap: true, Heads: 1 })
            faults.Add("training.bootstrap", "is of several heads; set training.heads, or leave it out");
    }

    /// <summary>How far the heads of an ensemble disagree.</summary>
    private protected static MetricInfo Disagreement(string name = "", string title = "") =>
        new($"{name}disagreement", $"disagreement of the {title}heads", "score", Better.Lower);
}
