namespace SafeRlhfV.Training;

/// <summary>A data set: a folder, a Parquet file or a JSON file, with the columns that its trainer uses.</summary>
public record DataRecipe
{
    /// <summary>The data set's folder or file.</summary>
    [Place]
    public string Folder { get; init; } = "";

    /// <summary>The split; null = all.</summary>
    public string? Split { get; init; } = "train";

    /// <summary>The configuration (category); null = all.</summary>
    public string? Config { get; init; }

    /// <summary>The data set's own names of categories, as "own=category of the taxonomy".</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Whether both name the same folder, and splits that may share rows.</summary>
    public bool MayShareRowsWith(DataRecipe other)
    {
        return Folder.Length > 0 && other.Folder.Length > 0 && Full(Folder) == Full(other.Folder)
            && (Split is null || other.Split is null || Split == other.Split);

        static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
    }
}
