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
    public override long Seed => Training.Seed;

    /// <inheritdoc/>
    public override ModelRecipe Base => Model;

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, string Folder)> ModelFolders => [("model.folder", Model.Folder)];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Key, DataRecipe Data)> DataSets => [("data.folder", Data)];

    /// <inheritdoc/>
    public override Recipe WithResults() => this with { Model = Model with { Folder = ResultFolder.Find(Model.Folder) } };
}
