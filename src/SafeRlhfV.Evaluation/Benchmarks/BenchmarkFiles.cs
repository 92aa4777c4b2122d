using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>A benchmark's files as its reader sees them: finds them, reads rows and images, and counts what is not whole.</summary>
public sealed class BenchmarkFiles
{
    private readonly string[] imageFolders;
    private readonly List<DroppedItem> dropped = [];
    private readonly HashSet<string> tables = []; // known to be whole

    /// <summary>Opens a folder.</summary>
    /// <param name="benchmark">The benchmark that is read.</param>
    /// <param name="path">Its folder, or its one file.</param>
    /// <param name="images">The folder of images where they lie elsewhere.</param>
    /// <param name="wants">Which splits and variants are read; null for all.</param>
    /// <exception cref="InvalidInputException">There is no such folder.</exception>
    public BenchmarkFiles(IBenchmark benchmark, string path, string? images = null, Func<string, string?, bool>? wants = null)
    {
        (Benchmark, Needs) = (benchmark.Name, benchmark.Files);
        Wants = wants ?? ((_, _) => true);
        if (File.Exists(path)) (OnlyFile, Folder) = (Path.GetFullPath(path), Path.GetDirectoryName(Path.GetFullPath(path))!);
        else if (Directory.Exists(path)) Folder = Path.GetFullPath(path);
        else throw new InvalidInputException($"{path}: no such folder; {Benchmark} needs {Needs}.");
        if (images is not null && !Directory.Exists(images))
            throw new InvalidInputException($"--images {images}: no such folder; give the folder that the images' paths are relative to.");
        imageFolders = images is null ? [] : [Path.GetFullPath(images)];
    }

    /// <summary>The benchmark's name.</summary>
    public string Benchmark { get; }

    /// <summary>What it needs, for errors.</summary>
    public string Needs { get; }

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The one file that was named instead of a folder; null otherwise.</summary>
    public string? OnlyFile { get; }

    /// <summary>Which splits and variants are read.</summary>
    public Func<string, string?, bool> Wants { get; }

    /// <summary>Whether images are neither read nor checked, to count items.</summary>
    public bool WithoutImages { get; init; }

    /// <summary>Rows read.</summary>
    public long RowsRead { get; private set; }

    /// <summary>What was left out.</summary>
    public IReadOnlyList<DroppedItem> Dropped => dropped;

    /// <summary>The first of several places, relative to the folder, at which a file or folder is; null where none is. A star stands for any letters.</summary>
    public string? TryFind(params IReadOnlyList<string> places) => places.SelectMany(FindAll).FirstOrDefault();

    /// <summary>The file or folder at the first of several places at which there is one; where one was named, that file.</summary>
    /// <exception cref="InvalidInputException">Nothing is there, or a place with a star holds several.</exception>
    public string Find(params IReadOnlyList<string> places) =>
        Only(places.Select(FindAll).FirstOrDefault(found => found.Count > 0) ?? [], places);

    /// <summary>As <see cref="Find"/>, of a table that may lie in several Parquet shards: all of them, in order.</summary>
    /// <exception cref="InvalidInputException">Nothing is there, a place with a star holds several tables, or a shard is missing.</exception>
    public IReadOnlyList<string> FindTable(params IReadOnlyList<string> places) =>
        TableOf(places.Select(FindAll).FirstOrDefault(found => found.Count > 0) ?? [], places);

    /// <summary>As <see cref="FindTable"/> where no place comes before another: there must be one table at all of them together.</summary>
    /// <exception cref="InvalidInputException">Nothing is there, there are several tables, or a shard is missing.</exception>
    public IReadOnlyList<string> FindOnlyTable(params IReadOnlyList<string> places) => TableOf([.. places.SelectMany(FindAll)], places);

    /// <summary>All files and folders at a place, by name; a star stands for any letters of a name.</summary>
    public IReadOnlyList<string> FindAll(string place)
    {
        IEnumerable<string> found = [Folder];
        foreach (string name in place.Split('/'))
            found = [.. found.Where(Directory.Exists).SelectMany(folder => name.Contains('*', StringComparison.Ordinal)
                ? Directory.EnumerateFileSystemEntries(folder, name)
                : Path.Exists(Path.Combine(folder, name)) ? [Path.Combine(folder, name)] : Array.Empty<string>()).Order(StringComparer.Ordinal)];
        return [.. found];
    }

    /// <summary>The rows of a table in several files; a row's index counts through all of them.</summary>
    /// <exception cref="InvalidInputException">A file cannot be read, or holds no row.</exception>
    public IEnumerable<BenchmarkRow> Rows(IReadOnlyList<string> table)
    {
        long start = RowsRead;
        foreach (string file in table)
        {
            long before = RowsRead - start;
            foreach (BenchmarkRow row in Rows(file)) yield return row.At(before + row.Row);
        }
    }

    /// <summary>The rows of a Parquet, JSON, JSONL or CSV file (tabs where the file is called .tsv).</summary>
    /// <exception cref="InvalidInputException">It cannot be read, holds no row, or is a Parquet shard of a table of which another is missing.</exception>
    public IEnumerable<BenchmarkRow> Rows(string file)
    {
        if (tables.Add(ParquetShards.TableOf(file))) _ = ParquetShards.Of(file);
        IEnumerable<SourceRow> rows = Path.GetExtension(file).ToLowerInvariant() switch
        {
            ".tsv" => CsvFile.Read(file, '\t'),
            ".csv" => CsvFile.Read(file),
            ".parquet" => ParquetTable.Read(file),
            ".arrow" => ArrowTable.Read(file),
            _ => JsonFile.Read(file),
        };
        long before = RowsRead;
        foreach (SourceRow row in rows)
        {
            RowsRead++;
            if (row.Value is { } map) yield return new BenchmarkRow(this, file, row.Row, map);
            else if (row.Fault == DropReason.BadJson) // what is left of a cut file is another benchmark
                throw new InvalidInputException($"{file}: row {row.Row} is no JSON; the file is cut or damaged, fetch it again.");
            else dropped.Add(new DroppedItem(file, row.Row, row.Fault!, null));
        }
        if (RowsRead == before) throw new InvalidInputException($"{file}: holds no rows; {Benchmark} needs {Needs}.");
    }

    /// <summary>The rows of a file without counting them, for a reader that looks ahead.</summary>
    public IEnumerable<BenchmarkRow> Peek(string file)
    {
        (long rows, int drops) = (RowsRead, dropped.Count);
        foreach (BenchmarkRow row in Rows(file)) yield return row;
        RowsRead = rows;
        dropped.RemoveRange(drops, dropped.Count - drops);
    }

    /// <summary>The objects of a JSON file that is one object of them, by their names and in their order.</summary>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public IEnumerable<(string Name, BenchmarkRow Row)> Named(string file)
    {
        SourceMap all = Json(file) as SourceMap ?? throw new InvalidInputException($"{file}: is no JSON object; {Benchmark} needs {Needs}.");
        if (all.Count == 0) throw new InvalidInputException($"{file}: holds no rows; {Benchmark} needs {Needs}.");
        long row = 0;
        foreach ((string name, object? value) in all)
        {
            RowsRead++;
            if (value is SourceMap map) yield return (name, new BenchmarkRow(this, file, row, map));
            else dropped.Add(new DroppedItem(file, row, DropReason.NotObject, null));
            row++;
        }
    }

    /// <summary>A JSON file that is one object.</summary>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public BenchmarkRow Object(string file) => new(this, file, 0, Json(file) as SourceMap
        ?? throw new InvalidInputException($"{file}: is no JSON object; {Benchmark} needs {Needs}."));

    /// <summary>A line of a text file as a row.</summary>
    /// <param name="file">The file.</param>
    /// <param name="row">The line, from 0.</param>
    /// <param name="cells">What stands in it; one that is not there is null.</param>
    /// <param name="columns">The columns' names.</param>
    public BenchmarkRow Line(string file, long row, IReadOnlyList<string> cells, params IReadOnlyList<string> columns)
    {
        SourceMap map = new();
        for (int i = 0; i < columns.Count; i++) map[columns[i]] = i < cells.Count ? cells[i] : null;
        return new BenchmarkRow(this, file, row, map);
    }

    /// <summary>Counts rows that a reader took out of an object.</summary>
    public void Count(long rows) => RowsRead += rows;

    /// <summary>Makes an item, or counts why it is left out.</summary>
    public BenchmarkItem? Try(BenchmarkRow row, string? variant, Func<BenchmarkItem> make)
    {
        try
        {
            return make();
        }
        catch (DroppedRowException fault)
        {
            dropped.Add(new DroppedItem(row.File, row.Row, fault.Reason, variant));
            return null;
        }
    }

    /// <summary>An item of one question with its images before the text.</summary>
    /// <param name="row">Its row.</param>
    /// <param name="split">Its split as released.</param>
    /// <param name="id">Its name.</param>
    /// <param name="question">The text; null where the image says all. A blank one leaves the item out.</param>
    /// <param name="images">The images.</param>
    public BenchmarkItem Item(BenchmarkRow row, string split, string id, string? question, params IReadOnlyList<EncodedImage> images)
    {
        IEnumerable<MessagePart> parts = images.Select((_, i) => MessagePart.OfImage(i));
        if (question is not null)
            parts = parts.Append(MessagePart.OfText(string.IsNullOrWhiteSpace(question) ? throw new DroppedRowException(DropReason.EmptyText) : question));
        return new BenchmarkItem
        {
            Id = id,
            Record = new ConversationRecord
            {
                Kind = RecordKind.Item,
                Images = images,
                Messages = [new ConversationMessage(ConversationRole.User, [.. parts])],
                Labels = new RecordLabels { Id = id },
                Source = new RowPosition("default", split, row.File, row.Row, row.Index),
            },
        };
    }

    /// <summary>What a row holds for an image.</summary>
    internal EncodedImage Image(object? value, IReadOnlyList<string> folders)
    {
        if (WithoutImages) return new EncodedImage(null, null);
        string[] places = [.. imageFolders, .. folders.Select(folder => Path.Combine(Folder, folder)), Folder];
        for (int i = 0; ; i++)
            try
            {
                return new ImageResolver(places[i]).Load(value);
            }
            catch (DroppedRowException fault) when (fault.Reason == DropReason.ImageMissing && i + 1 < places.Length)
            {
                // perhaps in the next folder
            }
    }

    /// <summary>The image of a file.</summary>
    /// <param name="file">Its whole path.</param>
    public EncodedImage ImageFile(string file)
    {
        if (WithoutImages) return new EncodedImage(null, null);
        EncodedImage found = new ImageResolver(Path.GetDirectoryName(file)!).Load(Path.GetFileName(file));
        return found with { Path = Path.GetRelativePath(Folder, file) };
    }

    private object? Json(string file) => LenientJson.TryParse(DiskErrors.Reading(file, () => File.ReadAllBytes(file), "check the file"), out object? value)
        ? value
        : throw new InvalidInputException($"{file}: is no JSON; fetch or write it again.");

    private IReadOnlyList<string> TableOf(IReadOnlyList<string> found, IReadOnlyList<string> places) =>
        ParquetShards.Of(Only([.. found.DistinctBy(ParquetShards.TableOf)], places));

    private string Only(IReadOnlyList<string> found, IReadOnlyList<string> places)
    {
        if (OnlyFile is { } file && places.Any(place => Matches(place, file))) return file;
        return found.Count switch
        {
            0 => throw new InvalidInputException($"{OnlyFile ?? Folder}: there is no {string.Join(" and no ", places)}; {Benchmark} needs {Needs}."),
            1 => found[0],
            _ => throw new InvalidInputException($"{Folder}: {Benchmark} reads one file, and here are {found.Count} "
                + $"({string.Join(", ", found.Select(one => Path.GetRelativePath(Folder, one)))}); name the file itself."),
        };
    }

    private static bool Matches(string place, string file)
    {
        string name = place[(place.LastIndexOf('/') + 1)..];
        return System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(name, Path.GetFileName(file), ignoreCase: false);
    }
}
