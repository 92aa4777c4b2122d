namespace SafeRlhfV.Training;

/// <summary>Carries a recipe out: loads the models, trains, and puts the result where the run's folder says.</summary>
public static class RecipeRunner
{
    /// <summary>Trains as the recipe says.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="options">How the run is kept; mostly <see cref="Recipe.ToRunOptions"/>.</param>
    /// <param name="progress">Hears of every step.</param>
    /// <param name="cancellationToken">Stops at the next step, with a checkpoint.</param>
    /// <param name="train">Trains in place of the recipe's trainer, such as one whose labels have another source; null = the trainer.</param>
    /// <returns>False if the run was finished before, and nothing was done.</returns>
    /// <exception cref="InvalidInputException">A folder does not hold what the recipe says, a row is damaged, the training diverged, or the disk is
    /// full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the state is saved.</exception>
    public static bool Run(Recipe recipe, RunOptions options, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default,
        Action<TrainingRun>? train = null)
    {
        using TrainingRun run = new(recipe.Trainer.Name, options, progress, cancellationToken);
        run.CheckInputs(RecipeInputs.Of(recipe)); // before gigabytes are read; a finished run of other files is not the run that is asked for
        if (run.IsFinished) return false;
        if (train is not null) train(run);
        else recipe.Trainer.Train(recipe, run, cancellationToken);
        return true;
    }
}
