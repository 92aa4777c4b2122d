using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>The files that a recipe's models and data consist of.</summary>
internal static class RecipeInputs
{
    private static readonly string[] ModelFiles = [".json", ".safetensors", ".bin", ".jinja", ".model", ".txt"], ImageFiles = [".jpg", ".jpeg", ".png", ".webp",
        ".gif", ".bmp"];

    /// <summary>All of them, by the recipe's keys.</summary>
    /// <exception cref="InvalidInputException">A data set cannot be opened.</exception>
    public static IReadOnlyList<RunInput> Of(Recipe recipe) =>
        [.. recipe.ModelFolders.Select(model => Model(model.Key, model.Folder)), .. recipe.DataSets.Select(data => Data(data.Key, data.Data)),
            .. recipe.ExtraFiles.Select(file => new RunInput(file.Key, [file.File], []))];

    /// <summary>The folders (or files) of models and data that a recipe names.</summary>
    public static IEnumerable<string> Places(Recipe recipe) => [.. recipe.ModelFolders.Select(model => model.Folder),
        .. recipe.DataSets.Select(data => data.Data.Folder)];

    /// <summary>The files of a model.</summary>
    public static RunInput Model(string name, string folder) => new(name, Files(folder, ModelFiles, SearchOption.TopDirectoryOnly), []);

    /// <summary>The files of a data set, and the images below their folders.</summary>
    public static RunInput Data(string name, DataRecipe data)
    {
        string[] files =
        [
            .. PreferenceDataset.Open(data.Folder).Parts
                .Where(part => (data.Split ?? part.Split) == part.Split && (data.Config ?? part.Config) == part.Config).SelectMany(part => part.Files),
        ];
        IEnumerable<string> folders = files.Select(file => Path.GetDirectoryName(Path.GetFullPath(file))!).Distinct();
        return new RunInput(name, files, [.. folders.SelectMany(folder => Files(folder, ImageFiles, SearchOption.AllDirectories)).Distinct()]);
    }

    private static string[] Files(string folder, string[] extensions, SearchOption depth) => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateFiles(folder, "*", depth).Where(file => extensions.Contains(Path.GetExtension(file).ToLowerInvariant()))
            .Order(StringComparer.Ordinal)];
}
