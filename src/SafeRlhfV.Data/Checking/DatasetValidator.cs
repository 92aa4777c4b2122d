namespace SafeRlhfV.Data;

/// <summary>Finds everything that is wrong with a data set: files, columns, rows, images, duplicates, and leaks between splits.</summary>
public static class DatasetValidator
{
    /// <summary>Checks a folder, a Parquet file or a JSONL file. Images are decoded on all cores; of each row about a kilobyte is kept.</summary>
    /// <param name="path">The data set.</param>
    /// <param name="threshold">The bits of 64 by which the difference hashes of near-duplicates may differ.</param>
    /// <param name="needs">What is demanded: what some trainers need; everything where null.</param>
    /// <param name="limit">Images that model families do not take; not looked for where null.</param>
    /// <param name="categories">The data set's own names of categories, and those of the taxonomy that they stand for.</param>
    /// <param name="onProgress">Called with the rows read so far.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <exception cref="InvalidInputException">There is no data set at all; what is wrong inside one becomes findings.</exception>
    public static ValidationReport Check(string path, int threshold = ImageFingerprint.DefaultThreshold, TrainerNeeds? needs = null, ImageLimit? limit = null,
        IReadOnlyDictionary<string, string>? categories = null, Action<long>? onProgress = null, CancellationToken cancellationToken = default)
    {
        (IReadOnlyList<DatasetPart> parts, _) = DatasetDiscovery.Find(path);
        List<Finding> findings = [];
        List<RowPrint> prints = [];
        List<Finding> empty = [];
        SpellingCheck spellings = new();
        int files = 0;
        foreach (DatasetPart part in parts)
        {
            long index = 0;
            foreach (string file in part.Files)
            {
                files++;
                long before = prints.Count;
                try
                {
                    CheckFile(file, part, index, findings, spellings, prints, empty, needs ?? TrainerNeeds.All, limit, categories, onProgress,
                        cancellationToken);
                }
                catch (InvalidInputException error) when (error.Finding is { } finding)
                {
                    findings.Add(finding with { Split = part.Split });
                }
                index += prints.Count - before;
            }
        }
        // Spark writes parts without rows; a data set without any is a fault
        if (prints.Count == 0) findings.AddRange(empty);
        findings.AddRange(spellings.Finish());
        Duplicates duplicates = new(prints);
        findings.AddRange(duplicates.EqualRows.SelectMany(Repeated));
        findings.AddRange(duplicates.ExactLeaks()
            .Select(pair => Leak(Fault.LeakExact, FindingSeverity.Error, pair.Train, pair.Held,
                "the train image has the same pixels as an image held out; drop the train row.")));
        findings.AddRange(duplicates.NearLeaks(threshold).Select(pair => Leak(Fault.LeakNear, FindingSeverity.Warning, pair.Train, pair.Held,
            $"the train image looks like an image held out (difference hashes {pair.Bits} of 64 bits apart); look at both.")));
        return new ValidationReport(path, files, prints.Count, findings);
    }

    private static void CheckFile(string file, DatasetPart part, long index, List<Finding> findings, SpellingCheck spellings, List<RowPrint> prints,
        List<Finding> empty, TrainerNeeds needs, ImageLimit? limit,
        IReadOnlyDictionary<string, string>? categories, Action<long>? onProgress, CancellationToken cancellationToken)
    {
        using IRowReader reader = PreferenceDataset.OpenFile(file);
        int before = prints.Count;
        ColumnCheck columns = new(file, reader.Schema, needs);
        IEnumerable<DatasetRow> rows = reader.Read(0, new RowPosition(part.Config, part.Split, file, 0, index));
        (DatasetRow, RowPrint, Finding[]) Examine(DatasetRow row) => (row, RowPrint.Of(row), [.. RowRules.Check(row, needs.Parts, categories)]);
        foreach ((DatasetRow row, RowPrint print, Finding[] found) in RowPipeline.Map(rows, Examine, cancellationToken))
        {
            findings.AddRange(columns.Add(row, found).Where(finding => !spellings.Take(finding)));
            if (print.ImageFault is { } fault) findings.Add(fault);
            if (limit is not null) findings.AddRange(limit.Check(print));
            prints.Add(print);
            onProgress?.Invoke(prints.Count);
        }
        findings.AddRange(columns.Finish(part.Split));
        if (prints.Count == before) empty.Add(new Finding(Fault.ZeroRows, FindingSeverity.Error, file, null, [],
            "the file holds no row; give it rows or remove it.")
        { Split = part.Split });
    }

    private static IEnumerable<Finding> Repeated(IReadOnlyList<RowPrint> group) => group.Select((row, i) =>
        new Finding(Fault.DuplicateRows, FindingSeverity.Error, row.Position.File, row.Position.Row, [.. row.Schema.Columns.Select(column => column.Name)],
            i == 0
                ? $"{group.Count} rows are equal in every column; keep this one and drop the others."
                : $"equal in every column to {group[0].Position.InFile()}; drop it.")
        {
            Split = row.Position.Split,
            Related = [.. group.Where(other => other != row).Select(other => other.Position)],
        });

    private static Finding Leak(string code, FindingSeverity severity, RowPrint train, RowPrint held, string what) =>
        new(code, severity, train.Position.File, train.Position.Row, ["image"], $"{what[..^1]} ({held.Position.InFile()}).")
        {
            Split = train.Position.Split,
            Related = [held.Position]
        };
}
