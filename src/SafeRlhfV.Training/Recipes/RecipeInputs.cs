using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>The files that a recipe's models and data consist of.</summary>
internal static class RecipeInputs
{
    private static readonly string[] ModelFiles = [".json", ".safetensors", ".bin", ".jinja", ".model", ".txt"], PictureFiles = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp"];

    /// <summary>All of them, by the recipe's keys.</summary>
    /// <exception cref="InvalidInputException">A data set cannot be opened.</exception>
    public static IReadOnlyList<RunInput> Of(Recipe recipe) => recipe switch
    {
        PpoRecipe ppo =>
        [
            Model("model.policy", ppo.Model.Policy), Model("model.reward", ppo.Model.Reward), Model("model.cost", ppo.Model.Cost), Data("data.prompts", ppo.Data.Prompts),
            .. ppo.Data.Instructions is { } instructions ? [Data("data.instructions", instructions)] : (RunInput[])[], .. ppo.Data.Calibration is { } pairs ? [Data("data.calibration", pairs)] : (RunInput[])[],
        ],
        IModelTrainingRecipe one =>
        [
            Model("model.folder", one.Model.Folder), Data("data.folder", one.Data), .. one.Data is GuardDataRecipe { SafePrompts: { } safe } ? [Data("data.safe_prompts", safe)] : (RunInput[])[],
        ],
        _ => throw new InvalidOperationException($"No inputs for {recipe.GetType().Name}."),
    };

    /// <summary>The folders (or files) of models and data that a recipe names.</summary>
    public static IEnumerable<string> Places(Recipe recipe) => recipe switch
    {
        PpoRecipe ppo => [ppo.Model.Policy, ppo.Model.Reward, ppo.Model.Cost, .. new[] { ppo.Data.Prompts, ppo.Data.Instructions, ppo.Data.Calibration }.OfType<DataRecipe>().Select(data => data.Folder)],
        IModelTrainingRecipe one => [one.Model.Folder, one.Data.Folder, .. one.Data is GuardDataRecipe { SafePrompts: { } safe } ? [safe.Folder] : (string[])[]],
        _ => throw new InvalidOperationException($"No places for {recipe.GetType().Name}."),
    };

    private static RunInput Model(string name, string folder) => new(name, Files(folder, ModelFiles, SearchOption.TopDirectoryOnly), []);

    private static RunInput Data(string name, DataRecipe data)
    {
        string[] files = [.. PreferenceDataset.Open(data.Folder).Parts.Where(part => (data.Split ?? part.Split) == part.Split && (data.Config ?? part.Config) == part.Config).SelectMany(part => part.Files)];
        return new RunInput(name, files, [.. files.Select(file => Path.GetDirectoryName(Path.GetFullPath(file))!).Distinct().SelectMany(folder => Files(folder, PictureFiles, SearchOption.AllDirectories)).Distinct()]);
    }

    private static string[] Files(string folder, string[] extensions, SearchOption depth) => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*", depth).Where(file => extensions.Contains(Path.GetExtension(file).ToLowerInvariant())).Order(StringComparer.Ordinal)];
}
