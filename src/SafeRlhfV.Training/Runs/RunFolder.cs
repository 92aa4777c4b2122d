namespace SafeRlhfV.Training;

/// <summary>Whether a folder may be used for a run.</summary>
public static class RunFolder
{
    /// <summary>Refuses a folder that holds another run, as opening the run does; for those who want to know before they plan or load anything.</summary>
    /// <param name="options">The run; one without a folder is never refused.</param>
    /// <exception cref="InvalidInputException">The folder holds a run while the options forbid resuming, or a finished one of another recipe.</exception>
    public static void Demand(RunOptions options)
    {
        if (options.Folder is not { } folder) return;
        bool isFinished = File.Exists(Path.Combine(folder, TrainingRun.FinishedFile));
        string recipe = Path.Combine(folder, TrainingRun.RecipeFile);
        if (!options.Resume && (isFinished || TrainingRun.CheckpointSteps(folder).Count > 0))
            throw new InvalidInputException($"{folder}: there is a run in it already; resume it, or choose another folder.");
        if (isFinished && options.RecipeYaml is { } wanted && File.Exists(recipe)
            && new RecipeComparison(options.RecipePlaces).Difference(File.ReadAllText(recipe), wanted) is { } difference)
            throw new InvalidInputException($"{folder}: the run in it is finished, and was made with another recipe ({difference}); choose another folder for "
                + "this one.");
    }
}
