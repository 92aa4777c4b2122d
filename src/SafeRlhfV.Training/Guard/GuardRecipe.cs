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
    public override long Seed => Training.Seed;

    /// <inheritdoc/>
    public override ModelRecipe Base => Model;

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, string Folder)> ModelFolders => [("model.folder", Model.Folder)];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, DataRecipe Data)> DataSets =>
        Data.SafePrompts is { } safe ? [("data.folder", Data), ("data.safe_prompts", safe)] : [("data.folder", Data)];

    /// <inheritdoc/>
    public override Recipe WithResults() => this with { Model = Model with { Folder = ResultFolder.Find(Model.Folder) } };
}
