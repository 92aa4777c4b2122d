using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Models;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>What a training run says for its model's card.</summary>
internal static class RunCard
{
    private const string RecipeFile = "recipe.yaml", AdapterFile = "adapter_config.json";

    /// <summary>The card of a finished run, without figures. Folders are named by their last part: a card is read elsewhere.</summary>
    /// <param name="run">The run's folder, or its result.</param>
    /// <param name="name">The model's name; null = the folder's.</param>
    /// <param name="baseModel">The base model's name; null = its folder's.</param>
    /// <exception cref="InvalidInputException">It is no finished run.</exception>
    public static ModelCard Read(string run, string? name = null, string? baseModel = null)
    {
        if (!Directory.Exists(run)) throw new InvalidInputException($"{run}: there is no such folder; name a training run.");
        string result = ResultFolder.Find(run), file = Path.Combine(result, RecipeFile);
        if (!File.Exists(file)) throw new InvalidInputException($"{run}: holds no {RecipeFile}; name the folder of a finished run of 'train' or 'align'.");
        Recipe recipe = RecipeReader.Load(file);
        string yaml = recipe.ToYamlWithoutRun();
        foreach (string folder in recipe.ModelFolders.Select(model => model.Folder).Concat(recipe.DataSets.Select(set => set.Data.Folder))
            .Where(folder => folder.Length > 0).OrderByDescending(folder => folder.Length))
            yaml = yaml.Replace(folder, Last(folder), StringComparison.Ordinal);
        return new ModelCard
        {
            Name = name ?? Last(run == result && Last(run) == ResultFolder.Name ? Path.GetDirectoryName(Path.GetFullPath(run))! : run),
            BaseModel = baseModel ?? Last(recipe.Base.Folder),
            BaseLicense = CardText.LicenseOf(recipe.Base.Folder),
            IsAdapter = File.Exists(Path.Combine(result, AdapterFile)),
            Trainer = (recipe.Trainer.Name, recipe.Trainer.Summary),
            Data = [.. recipe.DataSets.Where(set => set.Data.Folder.Length > 0).Select(set =>
                new CardData(Last(set.Data.Folder), CardText.LicenseOf(set.Data.Folder),
                    $"{set.Key}{(set.Data.Split is { } split ? $", split {split}" : "")}"))],
            Recipe = yaml,
        };
    }

    private static string Last(string folder)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)), last = Path.GetFileName(full);
        return last == ResultFolder.Name ? Path.GetFileName(Path.GetDirectoryName(full)!) : last;
    }
}
