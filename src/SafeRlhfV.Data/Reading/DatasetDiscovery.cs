
namespace SafeRlhfV.Data;

/// <summary>Finds the configurations, splits and files of a data set without opening its files.</summary>
internal static class DatasetDiscovery
{
    // JSON files that stand beside rows and hold none
    private static readonly string[] NotRows = ["dataset_info.json", "dataset_dict.json", "dataset_infos.json", "state.json", "report.json"];

    private static readonly EnumerationOptions Everything = new()
    {
        RecurseSubdirectories = true,
        MaxRecursionDepth = 16,
        IgnoreInaccessible = false,
        AttributesToSkip = 0
    };

    /// <summary>
    /// The parts of the data set at <paramref name="path"/> (a folder or one file), and the configurations of its card that have no files here.
    /// </summary>
    /// <exception cref="InvalidInputException">Nothing there, nothing readable in it, or a shard is missing.</exception>
    public static (IReadOnlyList<DatasetPart> Parts, IReadOnlyList<string> Absent) Find(string path)
    {
        if (File.Exists(path)) return ([new DatasetPart(ConfigOf(path), SplitOf(Path.GetFileName(path)) ?? "train", [path])], []);
        if (!Directory.Exists(path))
            throw new InvalidInputException($"{path}: no such file or folder; give a data set's folder, a Parquet file or a JSON file.");
        try
        {
            (IReadOnlyList<DatasetPart> parts, IReadOnlyList<string> absent) = Arrange(path, Files(path));
            if (parts.Count == 0)
                throw new InvalidInputException($"{path}: the folder holds no "
                    + $"data{(absent.Count > 0 ? " of the configurations that its README.md names" : "")}; expected Parquet, JSONL or JSON files, for example "
                        + $"data/<category>/train-00000-of-00001.parquet{ForeignData.Kinds(path)}.");
            return (parts, absent);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Unreadable(path, error);
        }
    }

    /// <summary>The parts that files of a folder make, by its card or by their names.</summary>
    /// <exception cref="InvalidInputException">A shard is missing.</exception>
    public static (IReadOnlyList<DatasetPart> Parts, IReadOnlyList<string> Absent) Arrange(string folder, string[] files)
    {
        (IReadOnlyList<DatasetPart> parts, IReadOnlyList<string> absent) = DatasetCard.Read(folder) is { Sets.Count: > 0 } card
            ? FromCard(folder, files, card)
            : (Infer(folder, files), []);
        foreach (DatasetPart part in parts) ParquetShards.Check(part.Files, $"{part.Config}/{part.Split}");
        return (parts, absent);
    }

    /// <summary>Whether a file is read as JSON rather than Parquet.</summary>
    public static bool IsJsonl(string file) => Path.GetExtension(file).ToLowerInvariant() is ".jsonl" or ".ndjson" or ".json";

    /// <summary>Whether a JSON file is one of those that stand beside rows.</summary>
    public static bool HoldsNoRows(string file) => NotRows.Contains(Path.GetFileName(file));

    /// <summary>The files of a folder and its folders, by their paths below it with slashes; none that is hidden.</summary>
    public static string[] AllFiles(string folder) =>
        [.. Directory.EnumerateFiles(folder, "*", Everything).Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
        .Where(file => !file.Split('/').Any(part => part.StartsWith('.') || part == "__MACOSX")).Order(StringComparer.Ordinal)];

    private static string[] Files(string folder)
    {
        string[] all = AllFiles(folder);
        string[] parquet = [.. all.Where(file => file.EndsWith(".parquet", StringComparison.OrdinalIgnoreCase))];
        if (parquet.Length > 0) return parquet;
        string[] jsonl = [.. all.Where(file => Path.GetExtension(file).ToLowerInvariant() is ".jsonl" or ".ndjson")];
        // An image folder's metadata.jsonl beside a JSONL file of rows tells the same rows twice.
        if (jsonl.Length == 0) return [.. all.Where(file => file.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && !HoldsNoRows(file))];
        return jsonl.Any(file => Path.GetFileName(file) != "metadata.jsonl") ? [.. jsonl.Where(file => Path.GetFileName(file) != "metadata.jsonl")] : jsonl;
    }

    private static (IReadOnlyList<DatasetPart>, IReadOnlyList<string>) FromCard(string folder, string[] files, DatasetCard card)
    {
        List<DatasetPart> parts = [];
        HashSet<string> named = [];
        foreach ((string config, string split, IReadOnlyList<string> patterns) in card.Sets)
        {
            named.Add(config);
            FilePattern[] wanted = [.. patterns.Select(pattern => new FilePattern(pattern))];
            string[] matched = [.. files.Where(file => wanted.Any(pattern => pattern.IsMatch(file)))];
            foreach (IGrouping<string, string> group in matched.GroupBy(file => split.Length > 0 ? split : SplitOf(file) ?? "train"))
                parts.Add(new DatasetPart(config, group.Key, [.. group.Select(file => Path.Combine(folder, file))]));
        }
        return (parts, [.. named.Where(config => parts.All(part => part.Config != config))]);
    }

    private static DatasetPart[] Infer(string folder, string[] files) =>
        [.. files.GroupBy(file => (Config: ConfigOf(file), Split: SplitOf(file) ?? "train"))
            .Select(group => new DatasetPart(group.Key.Config, group.Key.Split, [.. group.Select(file => Path.Combine(folder, file))]))];

    /// <summary>The folder that is neither "data" nor a split's name; for a single file, its folder where that is a category.</summary>
    private static string ConfigOf(string file)
    {
        string[] folders = [.. file.Split('/', '\\')[..^1].Select(PartitionPath.Plain)
            .Where(name => name.Length > 0 && name is not ("data" or ".") && SplitName(name) is null)];
        if (folders.Length == 0) return "default";
        return Path.IsPathRooted(file) || File.Exists(file) ? Taxonomy.IndexOf(folders[^1]) >= 0 ? folders[^1] : "default" : folders[^1];
    }

    /// <summary>The split that a file's name or its folders tell; null where they tell none.</summary>
    public static string? SplitOf(string file)
    {
        string[] parts = file.Split('/');
        string[] words = Path.GetFileNameWithoutExtension(parts[^1]).Split('-', '_', '.', ' ');
        return words.Select(SplitName).FirstOrDefault(name => name is not null)
            ?? parts[..^1].Reverse().Select(PartitionPath.Plain).Select(SplitName).FirstOrDefault(name => name is not null);
    }

    private static string? SplitName(string word) => word.ToLowerInvariant() switch
    {
        "train" or "training" => "train",
        "evaluation" or "eval" => "evaluation",
        "validation" or "valid" or "val" or "dev" => "validation",
        "test" or "testing" => "test",
        _ => null,
    };
}
