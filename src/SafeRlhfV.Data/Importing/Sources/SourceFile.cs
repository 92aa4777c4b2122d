namespace SafeRlhfV.Data;

/// <summary>Kinds of files that hold rows; in a folder the first kind of which there are files counts.</summary>
internal enum SourceKind
{
    Parquet,
    Json,
    Csv,
    Arrow,
    Tar,
}

/// <summary>A file that holds rows.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Split">The split of its rows.</param>
/// <param name="Kind">How it is read.</param>
/// <param name="ImageFolder">The folder that images' paths are relative to.</param>
internal sealed record SourceFile(string Path, string Split, SourceKind Kind, string ImageFolder)
{
    /// <summary>Columns that only the names of the file's folders hold, as Spark and Hive write them.</summary>
    public IReadOnlyList<(string Name, string? Value)> FolderColumns { get; init; } = [];

    /// <summary>A file by its name; null where the name is of no kind that holds rows.</summary>
    public static SourceFile? Of(string path, string split) =>
        KindOf(path) is { } kind ? new SourceFile(path, split, kind, System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!) : null;

    /// <summary>The kind that a file's name tells.</summary>
    public static SourceKind? KindOf(string path) => System.IO.Path.GetExtension(CompressedFile.PlainName(path)).ToLowerInvariant() switch
    {
        ".parquet" => SourceKind.Parquet,
        ".json" or ".jsonl" or ".ndjson" => SourceKind.Json,
        ".csv" => SourceKind.Csv,
        ".arrow" => SourceKind.Arrow,
        ".tar" => SourceKind.Tar,
        _ => null,
    };

    /// <summary>The rows in order.</summary>
    /// <param name="only">The columns to read, where the kind can choose; null for all.</param>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public IEnumerable<SourceRow> Read(IReadOnlyCollection<string>? only = null)
    {
        foreach (SourceRow row in ReadFile(only))
        {
            if (row.Value is { } map)
                foreach ((string name, string? value) in FolderColumns) map.TryAdd(name, value);
            yield return row;
        }
    }

    private IEnumerable<SourceRow> ReadFile(IReadOnlyCollection<string>? only) => Kind switch
    {
        SourceKind.Parquet => ParquetTable.Read(Path, only),
        SourceKind.Json => JsonFile.Read(Path),
        SourceKind.Csv => CsvFile.Read(Path),
        SourceKind.Arrow => ArrowTable.Read(Path),
        _ => TarFile.Read(Path),
    };

    /// <summary>The columns where the file itself tells them without its rows.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read.</exception>
    public IReadOnlyList<string>? Columns() => Kind switch
    {
        SourceKind.Parquet => [.. ParquetTable.Columns(Path), .. FolderColumns.Select(column => column.Name)],
        SourceKind.Arrow => [.. ArrowTable.Columns(Path), .. FolderColumns.Select(column => column.Name)],
        _ => null,
    };
}
