using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A recipe of Beaver-Guard-V.</summary>
public sealed record GuardRecipe : Recipe, IModelTrainingRecipe
{
    /// <summary>The model.</summary>
    public ModelRecipe Model { get; init; } = new();

    /// <summary>The rows, and safe prompts beside them.</summary>
    public GuardDataRecipe Data { get; init; } = new();

    /// <summary>How it is trained.</summary>
    public GuardSettings Training { get; init; } = new();

    DataRecipe IModelTrainingRecipe.Data => Data;

    TrainerSettings IModelTrainingRecipe.Training => Training;

    /// <inheritdoc/>
    public override TrainerKind Trainer => TrainerKind.Guard;

    /// <inheritdoc/>
    public override long Seed => Training.Seed;

    internal override Recipe WithResults() => this with { Model = Model with { Folder = ResultFolder.Find(Model.Folder) } };
}
