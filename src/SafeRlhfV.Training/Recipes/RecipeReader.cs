using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>Reads recipes: unknown keys, wrong values and impossible combinations are reported together, each with its line.</summary>
public static class RecipeReader
{
    private static readonly Dictionary<TrainerKind, Type> Types = new()
    {
        [TrainerKind.Sft] = typeof(ModelTrainingRecipe<SftSettings>),
        [TrainerKind.Reward] = typeof(ModelTrainingRecipe<RewardSettings>),
        [TrainerKind.Cost] = typeof(ModelTrainingRecipe<CostSettings>),
        [TrainerKind.Scores] = typeof(ModelTrainingRecipe<ScoresSettings>),
        [TrainerKind.Dpo] = typeof(ModelTrainingRecipe<DpoSettings>),
        [TrainerKind.Ppo] = typeof(PpoRecipe),
        [TrainerKind.Guard] = typeof(GuardRecipe),
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sets">Values that replace the file's, each as section.key=value.</param>
    /// <param name="trainer">What the recipe must train; null = whatever it says.</param>
    /// <exception cref="InvalidInputException">The file cannot be read, or has faults: all are named with their lines.</exception>
    public static Recipe Load(string path, IReadOnlyList<string>? sets = null, TrainerKind? trainer = null)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file; the folder recipes has some to begin with.");
        try
        {
            return Parse(File.ReadAllText(path), path, sets, trainer);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be read ({error.Message.TrimEnd('.')}); the folder recipes has some to begin with.", error);
        }
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <param name="sets">Values that replace the text's, each as section.key=value.</param>
    /// <param name="trainer">What the recipe must train; null = whatever it says.</param>
    /// <exception cref="InvalidInputException">It has faults: all are named with their lines.</exception>
    public static Recipe Parse(string yaml, string source = "recipe", IReadOnlyList<string>? sets = null, TrainerKind? trainer = null) =>
        YamlSection.Read(yaml, source, section => Read(section, trainer), sets).WithResults();

    /// <summary>A trainer's defaults and the values that are set: a recipe without a file.</summary>
    /// <param name="trainer">The trainer.</param>
    /// <param name="sets">Values, each as section.key=value.</param>
    /// <exception cref="InvalidInputException">It has faults: all are named.</exception>
    public static Recipe FromSets(TrainerKind trainer, IReadOnlyList<string> sets) =>
        YamlSection.Read($"trainer: {SettingsBinder.Format(trainer)}\n", $"train {SettingsBinder.Format(trainer)}", section => Read(section, trainer), sets, lines: false).WithResults();

    private static Recipe Read(YamlSection section, TrainerKind? wanted)
    {
        TrainerKind? kind = section.Choice("trainer", [.. Types.Keys.Select(one => (SettingsBinder.Format(one), one))]);
        if (!section.Has("trainer"))
        {
            if (wanted is null) section.Fault("trainer", "is missing: one of sft, reward, cost, scores, dpo, ppo, guard");
            kind = wanted;
        }
        else if (kind is not null && wanted is not null && kind != wanted) section.Fault("trainer", $"the recipe is for {SettingsBinder.Format(kind)}, and {SettingsBinder.Format(wanted)} was asked for");
        Recipe recipe = (Recipe)SettingsBinder.Read(Types[kind ?? wanted ?? TrainerKind.Sft], section);
        RecipeRules.Check(section, recipe);
        return recipe;
    }
}
