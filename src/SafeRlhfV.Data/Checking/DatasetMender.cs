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
    /// <exception cref="InvalidInputException">There is no data set, no row is sound, or the folder cannot be written.</exception>
    public static MendReport Write(string path, string folder, bool overwrite = false, Action<long>? onProgress = null, CancellationToken cancel = default)
    {
        (IReadOnlyList<DatasetPart> parts, _) = DatasetDiscovery.Find(path);
        StagedFolder.Check(folder, overwrite, path);
        List<Finding> dropped = [];
        List<MendedCell> mended = [];
        List<RowPrint> sound = [];
        long rows = 0;
        foreach ((DatasetPart part, IEnumerable<DatasetRow> read) in Readable(parts, dropped.Add))
            foreach ((DatasetRow row, RowPrint print, Finding? fault, MendedCell[] cells) in RowPipeline.Map(read, Examine, cancel))
            {
                onProgress?.Invoke(++rows);
                if (fault is not null) dropped.Add(fault);
                else
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
                    cancel.ThrowIfCancellationRequested();
                    (DatasetRow clean, _) = Mend(row.Untraced());
                    writer ??= BeaverTailsWriter.Create(folder, [.. sound.Select(print => print.Schema).Distinct()], new BeaverTailsWriterOptions { Overwrite = overwrite, Description = "A clean copy; report.json says what was left out or mended." });
                    writer.Add(part.Split, clean, part.Config);
                }
            MendReport report = new(rows, kept.Count, mended, dropped);
            if (writer is null) throw new InvalidInputException($"{path}: no row is sound, so there is nothing to write{(dropped.Count > 0 ? $"; first fault: {dropped[0]}" : "")}");
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
        using IEnumerator<DatasetRow> rows = Whole(file).GetEnumerator();
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
            yield return rows.Current.At(rows.Current.Position with { Config = part.Config, Split = part.Split, Index = rows.Current.Position.Row });
        }
    }

    private static IEnumerable<DatasetRow> Whole(string file)
    {
        using IRowReader reader = PreferenceDataset.OpenFile(file);
        if (reader.AbsentColumns.Count > 0 && PreferenceDataset.CountRows(reader) > 0) throw new InvalidInputException(ParquetColumns.Missing(file, reader.Schema.Layout, reader.AbsentColumns));
        foreach (DatasetRow row in reader.Read(0)) yield return row;
    }

    private static (DatasetRow, RowPrint, Finding?, MendedCell[]) Examine(DatasetRow row)
    {
        (DatasetRow clean, MendedCell[] cells) = Mend(row.Untraced());
        RowPrint print = RowPrint.Of(clean);
        Finding? fault = RowRules.Check(clean).FirstOrDefault(finding => finding.Severity == FindingSeverity.Error) ?? print.PictureFault;
        return (clean, print, fault, cells);
    }

    private static (DatasetRow, MendedCell[]) Mend(DatasetRow row)
    {
        List<MendedCell> cells = [];
        foreach ((string column, ColumnKind kind) in row.Schema.Columns)
        {
            if (kind != ColumnKind.Text || row.Text(column) is not { } before || One(column, before) is not { } after || after == before) continue;
            cells.Add(new MendedCell(row.Position.File, row.Position.Row, column, before, after));
            row = row.With(column, after);
        }
        return (row, [.. cells]);
    }

    /// <summary>The one value that a cell can mean, for columns with a fixed set of values.</summary>
    private static string? One(string column, string value)
    {
        if (column.StartsWith("is_", StringComparison.Ordinal)) return LabelWords.Safe(value) switch { true => "yes", false => "no", null => null };
        if (column.EndsWith("_response_id", StringComparison.Ordinal)) return LabelWords.Preferred(value)?.ToString();
        return column == "category" ? LabelWords.Category(value) : null;
    }

    private static HashSet<(string, long)> Repeated(List<RowPrint> sound, List<Finding> dropped)
    {
        Duplicates duplicates = new(sound);
        HashSet<(string, long)> repeated = [];
        void Drop(RowPrint row, string code, string what, RowPrint because)
        {
            if (repeated.Add((row.Position.File, row.Position.Row)))
                dropped.Add(new Finding(code, FindingSeverity.Error, row.Position.File, row.Position.Row, [], $"{what} {because.Position}.") { Split = row.Position.Split, Related = [because.Position] });
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
