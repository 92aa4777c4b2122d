using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>What a trainer that samples responses is given: models, and data with the images' features.</summary>
public sealed class RolloutInputs : IDisposable
{
    private readonly ModelProcessor processor;
    private readonly VisionCache[] caches;

    /// <summary>Loads models and opens data.</summary>
    /// <param name="recipe">Where they are.</param>
    /// <param name="run">Told what a person should know.</param>
    /// <exception cref="InvalidInputException">A folder does not hold what the recipe says.</exception>
    public RolloutInputs(RolloutRecipe recipe, TrainingRun run)
    {
        Models = PpoModels.Load(recipe.Model, recipe.Seed, critics: recipe.Critics is not null, basesAreKnown: run.HasFoundItsInputs,
            scoresAreServed: recipe.Scoring is not null, heldOutHeads: recipe.Sampling.Judge?.Heads ?? 0);
        foreach (string remark in Models.Remarks) run.Tell(remark);
        processor = ModelProcessor.Load(recipe.Model.Policy);
        bool late = !run.Ranks.IsAlone;
        long bytes = recipe.Sampling.VisionCacheBytes;
        caches = [.. ((long[])[bytes, bytes, 0]).Select(size => new VisionCache(Models.Policy, processor.Images, size, late))]; // calibration looks once
        Prompts = RecipeModels.Open(recipe.Data.Prompts, processor, caches[0]);
        Instructions = recipe.Data.Instructions is { } instructions ? RecipeModels.Open(instructions, processor, caches[1]) : null;
        Calibration = recipe.Data.Calibration is { } pairs ? RecipeModels.Open(pairs, processor, caches[2]) : Prompts;
    }

    /// <summary>The models.</summary>
    public PpoModels Models { get; }

    /// <summary>The prompts.</summary>
    public TrainingData Prompts { get; }

    /// <summary>Instruction rows; null without.</summary>
    public TrainingData? Instructions { get; }

    /// <summary>Pairs that bring the scores onto one scale.</summary>
    public TrainingData Calibration { get; }

    /// <summary>The servers that the recipe names; null = the actor itself samples.</summary>
    internal ServerRollouts? Servers(RolloutRecipe recipe, PolicyRole actor, IPolicy reference, TrainingRun run) => recipe.Rollouts is { } servers
        ? new(servers, actor, reference, recipe.Sampling, processor, SampleBatcher.Of(Prompts), run) : null;

    /// <summary>The servers that score; null = the roles' own models do. Called once, after the roles are made: the score models may leave memory.</summary>
    internal ServerScores? Scores(RolloutRecipe recipe, TrainingRun run)
    {
        if (recipe.Scoring is not { } scoring) return null;
        ServerScores scores = new(recipe, Models.Calibration, Models.ServedScores(), Prompts, run);
        if (scoring.ReleasesModels || !run.Ranks.IsFirst) Models.ReleaseScores();
        return scores;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (VisionCache cache in caches) cache.Dispose();
        Models.Dispose();
    }
}
