using System.Text.Json;
using System.Text.Json.Nodes;
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
        if (!File.Exists(file) && File.Exists(Path.Combine(run, AlignStages.Policy, ResultFolder.Name, RecipeFile)))
            throw new InvalidInputException($"{run}: is a whole run of 'align'; name its policy, {Path.Combine(run, AlignStages.Policy)}.");
        if (!File.Exists(file)) throw new InvalidInputException($"{run}: holds no {RecipeFile}; name the folder of a finished run of 'train' or 'align'.");
        Recipe recipe = RecipeReader.Load(file);
        string yaml = recipe.ToYamlWithoutRun();
        foreach (string folder in recipe.ModelFolders.Select(model => model.Folder).Concat(recipe.DataSets.Select(set => set.Data.Folder))
            .Where(folder => folder.Length > 0).OrderByDescending(folder => folder.Length))
            yaml = yaml.Replace(folder, Last(folder), StringComparison.Ordinal);
        string own = Path.TrimEndingDirectorySeparator(Path.GetFullPath(run)), root = Path.GetDirectoryName(
            Path.GetFileName(own) == ResultFolder.Name ? Path.GetDirectoryName(own)! : own) ?? own;
        (string Model, string Data)? aligned = AlignedFrom(root);
        // a stage of 'align' has its start and its data from the same folder: they are named as align was told
        string NameOf(string folder, string? name) => name is not null
            && Path.GetFullPath(folder).StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal) ? name : Last(folder);
        return new ModelCard
        {
            Name = name ?? Last(run == result && Last(run) == ResultFolder.Name ? Path.GetDirectoryName(Path.GetFullPath(run))! : run),
            BaseModel = baseModel ?? NameOf(recipe.Base.Folder, aligned?.Model),
            BaseLicense = CardText.LicenseOf(recipe.Base.Folder),
            IsAdapter = File.Exists(Path.Combine(result, AdapterFile)),
            Trainer = (recipe.Trainer.Name, recipe.Trainer.Summary),
            Data = [.. recipe.DataSets.Where(set => set.Data.Folder.Length > 0).Select(set =>
                new CardData(NameOf(set.Data.Folder, aligned?.Data), CardText.LicenseOf(set.Data.Folder),
                    $"{set.Key}{(set.Data.Split is { } split ? $", split {split}" : "")}"))],
            Recipe = yaml,
        };
    }

    // the model and the data set of a run of 'align', as its report names them
    private static (string Model, string Data)? AlignedFrom(string root)
    {
        string file = Path.Combine(new AlignFolders(root).Report, EvalCompareVerb.ResultsName);
        if (!File.Exists(file)) return null;
        try
        {
            JsonObject? results = JsonNode.Parse(DiskErrors.Reading(file, () => File.ReadAllText(file))) as JsonObject;
            return ((string?)results?["model"], (string?)results?["data"]) is ({ } model, { } data) ? (model, data) : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"{file}: is no results.json of 'align' ({ErrorText.FirstLine(error).TrimEnd('.')}); run 'align' again.", error);
        }
    }

    private static string Last(string folder) => ComparedModel.Shown(Path.GetFullPath(folder));
}
