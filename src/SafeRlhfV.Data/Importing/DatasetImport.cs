using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>
/// Reads another tool's data as conversation records. A few rows a core are held in memory, and of the rows before them a hash or the place where one was
/// left out.
/// </summary>
public sealed class DatasetImport
{
    private readonly string path;
    private readonly ImportOptions options;
    private readonly SourceSet source;
    private readonly ImportFormat format;
    private readonly ConcurrentDictionary<string, bool> found = new(StringComparer.Ordinal);

    private DatasetImport(string path, ImportOptions options, SourceSet source, ImportFormat format) =>
        (this.path, this.options, this.source, this.format) = (path, options, source, format);

    /// <summary>The format that is read: the one asked for, or what the columns told.</summary>
    public string Format => format.Name;

    /// <summary>Counts as far as rows were read.</summary>
    public ImportReport Report { get; } = new();

    /// <summary>How <see cref="ToJson"/> is written to a file.</summary>
    public static JsonSerializerOptions ReportOptions { get; } = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Opens a source and decides its format.</summary>
    /// <param name="path">A file or folder.</param>
    /// <param name="from">One of <see cref="ImportFormats.Names"/>.</param>
    /// <param name="options">The user's choices.</param>
    /// <exception cref="InvalidInputException">
    /// Nothing readable is there, or its format cannot be told; the finding's code is one of <see cref="ImportFault"/>.
    /// </exception>
    public static DatasetImport Open(string path, string from = ImportFormats.Auto, ImportOptions? options = null)
    {
        options ??= new ImportOptions();
        if (!ImportFormats.Names.Contains(from))
            throw new InvalidInputException($"--from {from}: no such format; choose among {string.Join(", ", ImportFormats.Names)}.");
        if (options.Images is { } folder && !Directory.Exists(folder))
            throw new InvalidInputException($"--images {folder}: no such folder; give the folder that the images' paths are relative to.");
        options = options with { Categories = LabelWords.CheckCategories(options.Categories) };
        SourceSet source = SourceSet.Find(path, from, options.Dataset);
        return new DatasetImport(path, options, source, source.Format ?? (from == ImportFormats.Auto ? Decide(path, source) : ImportFormats.Named(from)));
    }

    /// <summary>The records in the source's order. What is left out is told by <see cref="Report"/>.</summary>
    /// <exception cref="InvalidInputException">The source holds no row, cannot be read, or lacks a column that was named.</exception>
    public IEnumerable<ConversationRecord> Read(CancellationToken cancellationToken = default)
    {
        HashSet<UInt128> seen = [];
        Dictionary<string, long> indices = new(StringComparer.Ordinal);
        foreach (Outcome outcome in RowPipeline.Map(Rows(), job => job.Row.Value is { } map ? map.CountBytes() : 0, Read, cancellationToken))
        {
            Report.Read++;
            Report.Repair(outcome.Repairs);
            if (outcome.Record is not { } record)
            {
                Report.Drop(outcome.File.Path, outcome.Row, outcome.Reason!);
                continue;
            }
            long index = indices.GetValueOrDefault(outcome.File.Split);
            indices[outcome.File.Split] = index + 1;
            Report.Kept++;
            if (!seen.Add(outcome.Fingerprint)) Report.Duplicates++;
            yield return record with { Source = new RowPosition("default", outcome.File.Split, outcome.File.Path, outcome.Row, index) };
        }
        if (Report.Read == 0) throw ImportFault.Error(ImportFault.NoRows, path, "holds no rows; give a file that does");
        if (options.Columns.FirstOrDefault(pair => !found.ContainsKey(pair.Value)) is { Key: not null } absent)
            throw new InvalidInputException($"{path}: no row has a column {Finding.Quote(absent.Value)}, which --columns names for {absent.Key}.");
    }

    /// <summary>Writes all records as a data set of this tool's layout, with the report in report.json.</summary>
    /// <returns>The records written.</returns>
    /// <exception cref="InvalidInputException">As <see cref="Read(CancellationToken)"/>, no row is left, or the folder cannot be written.</exception>
    public long Write(string folder, bool overwrite = false, Action<long>? onProgress = null, CancellationToken cancellationToken = default)
    {
        BeaverTailsWriterOptions form = new() { Overwrite = overwrite, Description = $"Imported from data in the format of {Format}." };
        using ConversationWriter writer = ConversationWriter.Create(folder, form);
        foreach (ConversationRecord record in Read(cancellationToken))
        {
            writer.Add(record.Source.Split, record);
            onProgress?.Invoke(Report.Read);
        }
        if (Report.Kept == 0)
        {
            string reasons = string.Join(", ", Report.Dropped.Select(pair => $"{pair.Key} {pair.Value}"));
            throw new InvalidInputException($"{path}: {(Report.Read == 1 ? "its only row was" : $"all {Report.Read} rows were")} left out ({reasons}); "
                + "docs/data.md says why rows are.");
        }
        writer.Attach("report.json", ToJson().ToJsonString(ReportOptions));
        writer.Complete();
        return Report.Kept;
    }

    /// <summary>The whole report: format, counts, each row that was left out.</summary>
    public JsonObject ToJson() => new()
    {
        ["format"] = Format,
        ["read"] = Report.Read,
        ["kept"] = Report.Kept,
        ["dropped"] = Counts(Report.Dropped),
        ["repaired"] = Counts(Report.Repaired),
        ["duplicates"] = Report.Duplicates,
        ["droppedRows"] = new JsonArray([.. Report.DroppedRows.Select(Place)]),
    };

    private JsonObject Place(DroppedRow row) => new() { ["file"] = Relative(row.File), ["row"] = row.Row, ["reason"] = row.Reason };

    /// <summary>A file's name below the source.</summary>
    public string Relative(string file) => Path.GetRelativePath(Directory.Exists(path) ? path : Path.GetDirectoryName(Path.GetFullPath(path))!, file);

    private static JsonObject Counts(IReadOnlyDictionary<string, long> counts) =>
        new(counts.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));

    private IEnumerable<(SourceFile File, SourceRow Row, ImageResolver Images)> Rows()
    {
        foreach (SourceFile file in source.Files)
        {
            ImageResolver images = new(options.Images ?? file.ImageFolder);
            foreach (SourceRow row in file.Read()) yield return (file, row, images);
        }
    }

    /// <summary>Reads a row; runs on all cores.</summary>
    private Outcome Read((SourceFile File, SourceRow Row, ImageResolver Images) job)
    {
        try
        {
            ImportRow row = new(Mapped(job.Row.Value ?? throw new DroppedRowException(job.Row.Fault!)), job.Images, options);
            ConversationRecord record = format.Read(row);
            return new Outcome(job.File, job.Row.Row, record, null, row.Repairs, Fingerprint(record));
        }
        catch (DroppedRowException dropped)
        {
            return new Outcome(job.File, job.Row.Row, null, dropped.Reason, [], default);
        }
    }

    /// <summary>The columns under the format's names. A column's literal name beats a path of the same letters.</summary>
    private SourceMap Mapped(SourceMap map)
    {
        if (options.Columns.Count == 0) return map;
        SourceMap mapped = new();
        foreach ((string name, object? value) in map) mapped[name] = value;
        foreach ((string name, string column) in options.Columns)
        {
            if (!TryFind(map, column, out object? value)) continue;
            found[column] = true;
            mapped[name] = value;
        }
        return mapped;
    }

    private static bool TryFind(SourceMap map, string path, out object? value)
    {
        if (map.TryGetValue(path, out value)) return true;
        for (int dot = path.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = path.IndexOf('.', dot + 1))
            if (map.Get(path[..dot]) is SourceMap inner && TryFind(inner, path[(dot + 1)..], out value)) return true;
        return false;
    }

    private static ImportFormat Decide(string path, SourceSet source)
    {
        FormatDetection detection = new();
        bool isEmpty = true;
        foreach (SourceFile file in source.Files)
        {
            IReadOnlyList<string>? columns = file.Columns();
            if (columns is not null) detection.AddColumns(file.Path, columns);
            if (columns is not null && !FormatDetection.NeedsValues(columns))
            {
                isEmpty = false;
                continue;
            }
            foreach (SourceRow row in file.Read(["messages", "message", "label"]))
            {
                isEmpty = false;
                if (row.Value is { } map) detection.Add(file.Path, row.Row, map, isWhole: columns is null);
            }
        }
        return isEmpty ? throw ImportFault.Error(ImportFault.NoRows, path, "holds no rows; give a file that does") : detection.Decide(path);
    }

    /// <summary>What two equal records share and no others.</summary>
    private static UInt128 Fingerprint(ConversationRecord record)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string? text)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text ?? "");
            hash.AppendData(BitConverter.GetBytes(text is null ? -1 : bytes.Length));
            hash.AppendData(bytes);
        }
        foreach (EncodedImage image in record.Images) hash.AppendData(SHA256.HashData(image.Bytes!));
        foreach (IReadOnlyList<ConversationMessage> messages in (IReadOnlyList<ConversationMessage>[])[record.Messages, record.Chosen, record.Rejected])
        {
            Add(null);
            foreach (ConversationMessage message in messages)
            {
                Add($"{message.Role} {message.Loss}");
                foreach (MessagePart part in message.Parts) Add(part.Text ?? $"\0{part.Image}");
            }
        }
        Add($"{record.Kind} {record.Preferences} {record.Labels} {record.ChosenRates} {record.RejectedRates} {record.Margin}");
        Add(record.Answer);
        return BitConverter.ToUInt128(hash.GetHashAndReset());
    }

    private readonly record struct Outcome(
        SourceFile File, long Row, ConversationRecord? Record, string? Reason, IReadOnlyCollection<string> Repairs, UInt128 Fingerprint);
}
