using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A recipe of one model on one data set: all trainers but PPO and the guard.</summary>
/// <typeparam name="T">The trainer's settings.</typeparam>
public sealed record ModelTrainingRecipe<T> : Recipe, IModelTrainingRecipe where T : TrainerSettings, new()
{
    /// <summary>The model.</summary>
    public ModelRecipe Model { get; init; } = new();

    /// <summary>The rows.</summary>
    public DataRecipe Data { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public T Training { get; init; } = new();

    TrainerSettings IModelTrainingRecipe.Training => Training;

    /// <inheritdoc/>
    public override TrainerKind Trainer => Training switch
    {
        SftSettings => TrainerKind.Sft,
        RewardSettings => TrainerKind.Reward,
        CostSettings => TrainerKind.Cost,
        ScoresSettings => TrainerKind.Scores,
        DpoSettings => TrainerKind.Dpo,
        _ => throw new InvalidOperationException($"No trainer has {typeof(T).Name}."),
    };

    /// <inheritdoc/>
    public override long Seed => Training.Seed;

    internal override Recipe WithResults() => this with { Model = Model with { Folder = ResultFolder.Find(Model.Folder) } };
}
