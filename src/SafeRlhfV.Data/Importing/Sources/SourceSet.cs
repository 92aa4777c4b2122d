namespace SafeRlhfV.Data;

/// <summary>The files of a source in the order of their rows, each with its split.</summary>
/// <param name="Files">The files.</param>
/// <param name="Format">The format that the files' layout means; null where the columns tell it.</param>
internal sealed record SourceSet(IReadOnlyList<SourceFile> Files, ImportFormat? Format)
{
    /// <summary>Finds the files at a path.</summary>
    /// <param name="path">A file or a folder.</param>
    /// <param name="from">The format that was asked for; a folder of another layout is read as its files are.</param>
    /// <param name="dataset">A data set's name in dataset_info.json.</param>
    /// <exception cref="InvalidInputException">Nothing is there, or nothing that can be read.</exception>
    public static SourceSet Find(string path, string from, string? dataset)
    {
        try
        {
            if (File.Exists(path)) return OfFile(path, from, dataset);
            if (Directory.Exists(path)) return OfFolder(path, from, dataset);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw DiskErrors.Unreadable(path, error);
        }
        throw new InvalidInputException($"{path}: no such file or folder; give a file of rows or a data set's folder.");
    }

    private static SourceSet OfFile(string path, string from, string? dataset)
    {
        string name = Path.GetFileName(path);
        if (Takes(from, ImportFormats.LlamaFactory) && (name == "dataset_info.json" || from == ImportFormats.LlamaFactory) && LlamaFactoryFormat.IsIndex(path))
            return OfIndex(path, dataset);
        if (from == ImportFormats.LlamaFactory)
            throw new InvalidInputException($"{path}: not LLaMA-Factory's dataset_info.json, which tells how its files are read; give it or its folder.");
        SourceFile file = SourceFile.Of(path, DatasetDiscovery.SplitOf(name) ?? "train")
            ?? throw new InvalidInputException(
                $"{path}: not a kind of file that holds rows; give .json, .jsonl, .csv, .parquet, .arrow or .tar, perhaps with .gz or .zst.");
        return new SourceSet([file], Takes(from, ImportFormats.Folder) && IsFolderPart(name) ? ImportFormats.Named(ImportFormats.Folder) : null);
    }

    private static SourceSet OfFolder(string path, string from, string? dataset)
    {
        if (OnDisk(path) is { } saved) return new SourceSet(saved, null);
        string index = Path.Combine(path, "dataset_info.json");
        if (Takes(from, ImportFormats.LlamaFactory) && File.Exists(index) && LlamaFactoryFormat.IsIndex(index)) return OfIndex(index, dataset);
        if (from == ImportFormats.LlamaFactory)
            throw new InvalidInputException($"{path}: holds no dataset_info.json of LLaMA-Factory, which tells how its files are read.");
        string[] all = DatasetDiscovery.AllFiles(path);
        string[] parts = Takes(from, ImportFormats.Folder) ? [.. all.Where(IsFolderPart)] : [];
        bool isFolder = parts.Length > 0;
        foreach (SourceKind kind in Enum.GetValues<SourceKind>())
            if (parts.Length == 0)
                parts = [.. all.Where(file => SourceFile.KindOf(file) == kind && !DatasetDiscovery.HoldsNoRows(file))];
        if (parts.Length == 0)
            throw new InvalidInputException($"{path}: the folder holds no file of rows; expected .parquet, .jsonl, .json, .csv, .arrow or .tar files.");
        (IReadOnlyList<DatasetPart> arranged, _) = DatasetDiscovery.Arrange(path, parts);
        if (arranged.Count == 0) throw new InvalidInputException($"{path}: the folder holds no data of the configurations that its README.md names.");
        IEnumerable<SourceFile> files = arranged.SelectMany(part => part.Files.Select(file =>
            SourceFile.Of(file, part.Split)! with
            {
                FolderColumns =
                [.. PartitionPath.Columns(Path.GetDirectoryName(Path.GetRelativePath(path, file)) ?? "")]
            }));
        return new SourceSet([.. files], isFolder ? ImportFormats.Named(ImportFormats.Folder) : null);
    }

    private static SourceSet OfIndex(string index, string? dataset)
    {
        LlamaFactoryFormat format = LlamaFactoryFormat.Open(index, dataset);
        IReadOnlyList<SourceFile> files = Find(format.File, "", null).Files;
        string folder = Path.GetDirectoryName(Path.GetFullPath(index))!;
        return new SourceSet([.. files.Select(file => file with { Split = "train", ImageFolder = folder })], format.Format);
    }

    /// <summary>The files of what <c>datasets</c> saved: those that state.json names, since a map leaves others beside them.</summary>
    private static SourceFile[]? OnDisk(string path)
    {
        string dictionary = Path.Combine(path, "dataset_dict.json");
        if (File.Exists(dictionary))
        {
            if (!LenientJson.TryParse(File.ReadAllBytes(dictionary), out object? value) || (value as SourceMap)?.Get("splits") is not List<object?> splits)
                throw new InvalidInputException($"{dictionary}: names no splits; save the data set again.");
            return [.. splits.OfType<string>().SelectMany(split => Saved(Path.Combine(path, split), split))];
        }
        return File.Exists(Path.Combine(path, "state.json")) ? [.. Saved(path, null)] : null;
    }

    private static IEnumerable<SourceFile> Saved(string folder, string? split)
    {
        string state = Path.Combine(folder, "state.json");
        object? value = null;
        if (!File.Exists(state) || !LenientJson.TryParse(File.ReadAllBytes(state), out value)
            || (value as SourceMap)?.Get("_data_files") is not List<object?> files)
            throw new InvalidInputException($"{state}: not there, or it names no files; save the data set again.");
        split ??= (value as SourceMap)?.Get("_split") as string ?? "train";
        foreach (string name in files.OfType<SourceMap>().Select(file => file.Get("filename")).OfType<string>())
        {
            if (Path.GetFileName(name) != name) throw new InvalidInputException($"{state}: names a file outside its folder, {Finding.Quote(name)}.");
            yield return SourceFile.Of(Path.Combine(folder, name), split)
                ?? throw new InvalidInputException($"{state}: names {Finding.Quote(name)}, which is no Arrow file.");
        }
    }

    private static bool Takes(string from, string format) => from == ImportFormats.Auto || from == format;

    private static bool IsFolderPart(string file) => SourceFile.KindOf(file) == SourceKind.Tar
        || CompressedFile.PlainName(file) is "metadata.jsonl" or "metadata.csv" or "metadata.parquet";
}
