namespace SafeRlhfV.Training;

/// <summary>Reads recipes: unknown keys, wrong values and impossible combinations are reported together, each with its line.</summary>
public static class RecipeReader
{
    private static readonly Dictionary<string, string?> NoVariables = [];

    /// <summary>Reads a file and those it is based on.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sets">Values that replace the file's, each as section.key=value.</param>
    /// <param name="trainer">What the recipe must train; null = whatever it says.</param>
    /// <param name="variables">What the recipe leaves open.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or has faults: all are named with their files and lines.</exception>
    public static Recipe Load(string path, IReadOnlyList<string>? sets = null, TrainerDefinition? trainer = null, RecipeVariables? variables = null) =>
        Load(path, trainer, [.. (sets ?? []).Select(set => new YamlSet(set))], variables);

    /// <summary>As above, with values from places that messages name.</summary>
    /// <param name="path">The file.</param>
    /// <param name="trainer">What the recipe must train; null = whatever it says.</param>
    /// <param name="sets">Values that replace the file's.</param>
    /// <param name="variables">What the recipe leaves open.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or has faults: all are named with their files and lines.</exception>
    public static Recipe Load(string path, TrainerDefinition? trainer, IReadOnlyList<YamlSet> sets, RecipeVariables? variables = null)
    {
        YamlTree tree = Open(path);
        RecipeVariables open = variables ?? new();
        if (open.HasIdleName(tree.Variables))
            throw new InvalidInputException($"{path}: --name is given, but the recipe has no ${{name}}; leave it out. --out names the run's folder.");
        YamlSet[] model = [];
        if (open.SetsModel(tree.Variables))
        {
            TrainerDefinition of = TrainerOf(tree.Top("trainer"), trainer);
            if (sets.FirstOrDefault(set => set.Source is null && set.Gives(of.ModelKey)) is { } twice)
                throw new InvalidInputException($"--set {twice.Setting}: --model gives {of.ModelKey}, too; leave one of them out.");
            model = [new($"{of.ModelKey}='{open.Model!.Replace("'", "''", StringComparison.Ordinal)}'", "--model")];
        }
        return YamlSection.Read(tree, section => Read(section, trainer), [.. model, .. sets], open.Values).WithResults();
    }

    private static TrainerDefinition TrainerOf(string? named, TrainerDefinition? wanted) =>
        (named is null ? wanted : Trainers.All.Find(named)) ?? Trainers.All[0];

    private static YamlTree Open(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file; the folder recipes has some to begin with.");
        return DiskErrors.Reading(path, () => YamlTree.Load(path), "the folder recipes has some to begin with");
    }

    /// <summary>Reads a text; it has no base and no variables.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <param name="sets">Values that replace the text's, each as section.key=value.</param>
    /// <param name="trainer">What the recipe must train; null = whatever it says.</param>
    /// <exception cref="InvalidInputException">It has faults: all are named with their lines.</exception>
    public static Recipe Parse(string yaml, string source = "recipe", IReadOnlyList<string>? sets = null, TrainerDefinition? trainer = null) =>
        YamlSection.Read(YamlTree.Parse(yaml, source), section => Read(section, trainer), sets, NoVariables).WithResults();

    /// <summary>A trainer's defaults and the values that are set: a recipe without a file.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="sets">Values, each as section.key=value.</param>
    /// <exception cref="InvalidInputException">It has faults: all are named.</exception>
    public static Recipe FromSets(TrainerDefinition trainer, IReadOnlyList<string> sets) => FromSets(trainer, [.. sets.Select(set => new YamlSet(set))]);

    /// <summary>As above, with values from places that messages name.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="sets">The values.</param>
    /// <exception cref="InvalidInputException">It has faults: all are named.</exception>
    public static Recipe FromSets(TrainerDefinition trainer, IReadOnlyList<YamlSet> sets) =>
        YamlSection.Read($"trainer: {trainer.Name}\n", $"train {trainer.Name}", section => Read(section, trainer), sets, lines: false).WithResults();

    private static Recipe Read(YamlSection section, TrainerDefinition? wanted)
    {
        TrainerDefinition? trainer = Named(section);
        if (trainer is null && section.Text("trainer") is null)
        {
            if (wanted is null) section.Fault("trainer", $"is missing: one of {Names}");
            trainer = wanted;
        }
        else if (trainer is not null && wanted is not null && trainer != wanted)
            section.Fault("trainer", $"the recipe is for {trainer.Name}, and {wanted.Name} was asked for");
        trainer ??= wanted;
        if (trainer is null)
        {
            section.SkipUnknown(); // its keys are those of the trainer
            return null!; // there is a fault
        }
        Recipe recipe = (Recipe)SettingsBinder.Read(trainer.RecipeType, section);
        RecipeFaults faults = new(section);
        trainer.Check(recipe, faults);
        if (recipe.Run.BestMetric is { } best)
        {
            if (UnknownMetric(trainer, best) is { } unknown) faults.Add("run.best_metric", unknown);
            else if (recipe.Run.BestIsLowest is null && trainer.Metrics.First(metric => metric.Name == best).Better == Better.Neither)
                faults.Add("run.best_is_lowest", $"is missing: true or false; neither way is better for {best} by itself");
        }
        return recipe;
    }

    /// <summary>What is wrong with a metric that a trainer does not report; null = it reports it.</summary>
    internal static string? UnknownMetric(TrainerDefinition trainer, string name) => trainer.Metrics.Any(metric => metric.Name == name)
        ? null
        : $"'{name}' is no metric of {trainer.Name}; there are {string.Join(", ", trainer.Metrics.Select(metric => metric.Name))}";

    private static string Names => string.Join(", ", Trainers.All.Select(trainer => trainer.Name));

    private static TrainerDefinition? Named(YamlSection section)
    {
        if (section.Text("trainer") is not { } name) return null;
        TrainerDefinition? trainer = Trainers.All.Find(name);
        if (trainer is null) section.Fault("trainer", $"'{name}' must be one of {Names}");
        return trainer;
    }
}
