using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>
/// All that the rest of the program knows of a trainer: its recipe, its options, its metrics, what it costs and how it runs. A new trainer derives from this
/// and is listed in
/// <see cref="Trainers"/>; recipes, <c>train</c>, <c>plan</c>, the run's page and the progress line read it from there.
/// </summary>
public abstract class TrainerDefinition
{
    /// <summary>Its name, in lower case: the recipe's <c>trainer</c>, the subcommand of <c>train</c> and the name of its runs.</summary>
    public abstract string Name { get; }

    /// <summary>What it does, in a sentence of the help.</summary>
    public abstract string Summary { get; }

    /// <summary>A command that runs it.</summary>
    public virtual string Example => $"safe-rlhf-v train {Name} --config recipes/one-gpu/{Name}.yaml --model models/llava-1.5-7b-hf --name llava-1.5-7b";

    /// <summary>
    /// The record that its recipes are read into, derived from <see cref="Recipe"/> with a public constructor; no other trainer has the same.
    /// </summary>
    public abstract Type RecipeType { get; }

    /// <summary>Options of <c>train</c> that stand for keys of the recipe; --model is one of them.</summary>
    public abstract IReadOnlyList<TrainOption> Options { get; }

    /// <summary>The recipe's key of the model to start from: that of the option --model.</summary>
    public string ModelKey => Options.First(option => option.Name == "--model").Key;

    /// <summary>All its metrics; some may be there with certain settings only.</summary>
    public abstract IReadOnlyList<MetricInfo> Metrics { get; }

    /// <summary>Finds what no single key shows to be wrong: folders that are not named, and combinations that cannot be.</summary>
    public abstract void Check(Recipe recipe, RecipeFaults faults);

    /// <summary>Loads the models, trains, and saves the result with <see cref="TrainingRun.Finish"/>.</summary>
    /// <param name="recipe">A checked recipe of <see cref="RecipeType"/>.</param>
    /// <param name="run">Its run, not finished yet.</param>
    /// <param name="cancellationToken">Stops at the next step; the run has the same.</param>
    /// <exception cref="InvalidInputException">A folder does not hold what the recipe says, a row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the state is saved.</exception>
    public abstract void Train(Recipe recipe, TrainingRun run, CancellationToken cancellationToken);

    /// <summary>Reads some rows of the recipe's data to see how long they are.</summary>
    public abstract PlanData Look(Recipe recipe, ModelProcessor processor);

    /// <summary>What a recipe takes at its peak.</summary>
    public abstract MemoryPlan Memory(Recipe recipe, PlanInputs inputs);

    /// <summary>A rough estimate of how long a recipe takes on a device.</summary>
    public abstract TimePlan Time(Recipe recipe, PlanInputs inputs, DeviceSpeed speed);

    /// <summary>Settings that save memory, each a smaller sacrifice than the next; a change may hold several keys, with a space between.</summary>
    public abstract IReadOnlyList<string> MemoryChanges { get; }

    /// <inheritdoc/>
    public sealed override string ToString() => Name;
}
