using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A recipe of Safe PPO and its baselines.</summary>
public sealed record PpoRecipe : Recipe
{
    /// <summary>The six roles.</summary>
    public PpoModelsRecipe Model { get; init; } = new();

    /// <summary>Prompts, and instruction data for PTX.</summary>
    public PpoDataRecipe Data { get; init; } = new();

    /// <summary>How the policy is trained.</summary>
    public PpoSettings Training { get; init; } = new();

    /// <inheritdoc/>
    public override TrainerKind Trainer => TrainerKind.Ppo;

    /// <inheritdoc/>
    public override long Seed => Training.Seed;

    internal override Recipe WithResults() => this with
    {
        Model = Model with { Policy = ResultFolder.Find(Model.Policy), Reward = ResultFolder.Find(Model.Reward), Cost = ResultFolder.Find(Model.Cost) },
    };
}
