using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SafeRlhfV.Data;

/// <summary>Writes a clean copy of a data set: what has one possible meaning is mended, what is wrong is left out, and a report says which.</summary>
public static class DatasetMender
{
    private static readonly JsonSerializerOptions ReportJson = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };

    /// <summary>Writes the copy and <c>report.json</c> next to it. The data set itself is never changed.</summary>
    /// <param name="path">The data set.</param>
    /// <param name="folder">The folder to write.</param>
    /// <param name="overwrite">Replace a folder that exists.</param>
    /// <param name="needs">What rows must hold: what some trainers need; everything where null.</param>
    /// <param name="categories">The data set's own names of categories, and those of the taxonomy that they stand for.</param>
    /// <param name="onProgress">Called with the rows looked at so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidInputException">There is no data set, no row is sound, or the folder cannot be written.</exception>
    public static MendReport Write(string path, string folder, bool overwrite = false, TrainerNeeds? needs = null,
        IReadOnlyDictionary<string, string>? categories = null, Action<long>? onProgress = null, CancellationToken cancellationToken = default)
    {
        (IReadOnlyList<DatasetPart> parts, _) = DatasetDiscovery.Find(path);
        AtomicFolder.Check(folder, overwrite, path);
        List<Finding> dropped = [];
        List<MendedCell> mended = [];
        List<RowPrint> sound = [];
        long rows = 0;
        needs ??= TrainerNeeds.All;
        foreach ((DatasetPart part, IEnumerable<DatasetRow> read) in Readable(parts, dropped.Add))
        {
            ColumnCheck? columns = null;
            List<(RowPrint Print, Finding? Fault, MendedCell[] Cells)> file = [];
            foreach ((DatasetRow row, RowPrint print, Finding[] found, MendedCell[] cells)
                in RowPipeline.Map(read, row => Examine(row, needs.Parts, categories), cancellationToken))
            {
                onProgress?.Invoke(++rows);
                columns ??= new ColumnCheck(row.Position.File, row.Schema, needs);
                file.Add((print, columns.Add(row, found).FirstOrDefault(IsError) ?? print.ImageFault, cells));
            }
            Finding[] lacking = [.. (columns?.Finish(part.Split) ?? []).Where(IsError)];
            Dictionary<long, Finding> byRow = lacking.Where(finding => finding.Row is not null).DistinctBy(finding => finding.Row)
                .ToDictionary(finding => finding.Row!.Value);
            dropped.AddRange(lacking.Where(finding => finding.Row is null));
            bool whole = lacking.All(finding => finding.Row is not null);
            foreach ((RowPrint print, Finding? fault, MendedCell[] cells) in file)
                if ((fault ?? byRow.GetValueOrDefault(print.Position.Row)) is { } wrong) dropped.Add(wrong);
                else if (whole)
                {
                    mended.AddRange(cells);
                    sound.Add(print);
                }
        }
        HashSet<(string, long)> repeated = Repeated(sound, dropped);

        HashSet<(string, long)> kept = [.. sound.Select(print => (print.Position.File, print.Position.Row))];
        kept.ExceptWith(repeated);
        BeaverTailsWriter? writer = null;
        try
        {
            foreach ((DatasetPart part, IEnumerable<DatasetRow> read) in Readable(parts, _ => { }))
                foreach (DatasetRow row in read.Prefetch(8).Where(row => kept.Contains((row.Position.File, row.Position.Row))))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    (DatasetRow clean, _) = Mend(row.WithoutPairColumns(), categories);
                    writer ??= BeaverTailsWriter.Create(folder, [.. sound.Select(print => print.Schema).Distinct()],
                        new BeaverTailsWriterOptions { Overwrite = overwrite, Description = "A clean copy; report.json says what was left out or mended." });
                    writer.Add(part.Split, clean, part.Config);
                }
            MendReport report = new(rows, kept.Count, mended, dropped);
            if (writer is null)
                throw new InvalidInputException($"{path}: no row is sound, so there is nothing to "
                    + $"write{(dropped.Count > 0 ? $"; first fault: {dropped[0]}" : "")}");
            writer.Attach("report.json", JsonSerializer.Serialize(report, ReportJson));
            writer.Complete();
            return report;
        }
        finally
        {
            writer?.Dispose();
        }
    }

    /// <summary>Each file's rows up to where it is damaged; the damage is reported.</summary>
    private static IEnumerable<(DatasetPart Part, IEnumerable<DatasetRow> Rows)> Readable(IReadOnlyList<DatasetPart> parts, Action<Finding> onDamage) =>
        parts.SelectMany(part => part.Files.Select(file => (part, Rows(part, file, onDamage))));

    private static IEnumerable<DatasetRow> Rows(DatasetPart part, string file, Action<Finding> onDamage)
    {
        using IEnumerator<DatasetRow> rows = PreferenceDataset.ReadFile(file, 0, new RowPosition(part.Config, part.Split, file, 0, 0)).GetEnumerator();
        for (; ; )
        {
            try
            {
                if (!rows.MoveNext()) yield break;
            }
            catch (InvalidInputException error) when (error.Finding is { } finding)
            {
                onDamage(finding with { Split = part.Split });
                yield break;
            }
            yield return rows.Current;
        }
    }

    private static (DatasetRow, RowPrint, Finding[], MendedCell[]) Examine(DatasetRow row, RecordParts parts, IReadOnlyDictionary<string, string>? categories)
    {
        (DatasetRow clean, MendedCell[] cells) = Mend(row.WithoutPairColumns(), categories);
        return (clean, RowPrint.Of(clean), [.. RowRules.Check(clean, parts, categories)], cells);
    }

    private static bool IsError(Finding finding) => finding.Severity == FindingSeverity.Error;

    private static (DatasetRow, MendedCell[]) Mend(DatasetRow row, IReadOnlyDictionary<string, string>? categories)
    {
        List<MendedCell> cells = [];
        foreach ((string column, ColumnKind kind) in row.Schema.Columns)
        {
            if (kind != ColumnKind.Text || row.Text(column) is not { } before || One(column, before, categories) is not { } after || after == before) continue;
            cells.Add(new MendedCell(row.Position.File, row.Position.Row, column, before, after));
            row = row.With(column, after);
        }
        return (row, [.. cells]);
    }

    /// <summary>The one value that a cell can mean, for columns with a fixed set of values.</summary>
    private static string? One(string column, string value, IReadOnlyDictionary<string, string>? categories)
    {
        if (column.StartsWith("is_", StringComparison.Ordinal)) return LabelWords.Safe(value) switch { true => "yes", false => "no", null => null };
        if (column.EndsWith("_response_id", StringComparison.Ordinal)) return LabelWords.Preferred(value)?.ToString();
        return column == "category" ? LabelWords.Category(value, categories) : null;
    }

    private static HashSet<(string, long)> Repeated(List<RowPrint> sound, List<Finding> dropped)
    {
        Duplicates duplicates = new(sound);
        HashSet<(string, long)> repeated = [];
        void Drop(RowPrint row, string code, string what, RowPrint because)
        {
            if (repeated.Add((row.Position.File, row.Position.Row)))
                dropped.Add(new Finding(code, FindingSeverity.Error, row.Position.File, row.Position.Row, [],
                    $"{what} {because.Position.InFile()}.")
                { Split = row.Position.Split, Related = [because.Position] });
        }
        foreach ((RowPrint train, RowPrint held) in duplicates.ExactLeaks()) Drop(train, Fault.LeakExact, "the train image has the same pixels as", held);
        foreach (IReadOnlyList<RowPrint> group in duplicates.EqualRows)
        {
            RowPrint[] left = [.. group.Where(row => !repeated.Contains((row.Position.File, row.Position.Row)))];
            foreach (RowPrint row in left.Skip(1)) Drop(row, Fault.DuplicateRows, "equal in every column to", left[0]);
        }
        return repeated;
    }
}
