namespace SafeRlhfV.Data;

/// <summary>Writes a data set in another layout or file format, or for another trainer.</summary>
public static class DatasetConverter
{
    /// <summary>Converts a whole data set; configurations and splits stay. Rows that convert to the same layout are copied as they are.</summary>
    /// <returns>The rows written.</returns>
    /// <exception cref="InvalidInputException">A row breaks a rule, flat rows lack what pairs need, or the folder cannot be written.</exception>
    public static long Convert(PreferenceDataset dataset, string folder, ConversionOptions options, Action<long>? onProgress = null,
        CancellationToken cancellationToken = default)
    {
        AtomicFolder.Check(folder, options.Overwrite, dataset.Path);
        bool forTrainers = options.Format is not (ExportFormat.Parquet or ExportFormat.Jsonl or ExportFormat.JsonlFiles);
        RowLayout? layout = forTrainers ? RowLayout.Paired : options.Layout;
        long written = 0;
        void Count()
        {
            cancellationToken.ThrowIfCancellationRequested();
            written++;
            onProgress?.Invoke(written);
        }

        IEnumerable<DatasetRow> Rows(DatasetPart part)
        {
            IEnumerable<DatasetRow> rows = dataset.ReadRows(part.Split, part.Config).Prefetch(8);
            if (dataset.Schemas.Any(schema => schema.Layout == RowLayout.Paired) && layout == RowLayout.Flat)
                rows = rows.SelectMany(row => ExportRows.Flatten(row, options.Traced));
            if (dataset.Schemas.Any(schema => schema.Layout == RowLayout.Flat) && layout == RowLayout.Paired) rows = ExportRows.Pair(rows);
            return forTrainers ? rows.Select(row => ExportRows.Prefer(row, options.Format, options.BySafety)) : rows;
        }

        if (options.Format is ExportFormat.Jsonl or ExportFormat.JsonlFiles)
        {
            using JsonlDatasetWriter lines = new(folder, options.Format == ExportFormat.JsonlFiles, options.Overwrite);
            foreach (DatasetPart part in Parts(dataset))
                foreach (DatasetRow row in Rows(part))
                {
                    lines.Add(row, part.Config, part.Split);
                    Count();
                }
            lines.Complete();
            return written;
        }

        BeaverTailsWriter? writer = null;
        try
        {
            foreach (DatasetPart part in Parts(dataset))
                foreach (DatasetRow row in Rows(part))
                {
                    writer ??= BeaverTailsWriter.Create(folder, layout is null ? dataset.Schemas : [row.Schema],
                        new BeaverTailsWriterOptions { Overwrite = options.Overwrite, Description = Describe(options.Format) });
                    writer.Add(part.Split, row, part.Config);
                    Count();
                }
            writer?.Complete();
            return written;
        }
        finally
        {
            writer?.Dispose();
        }
    }

    private static IEnumerable<DatasetPart> Parts(PreferenceDataset dataset) => dataset.Parts.DistinctBy(part => (part.Config, part.Split));

    private static string Describe(ExportFormat format) => format switch
    {
        ExportFormat.Trl => "Preference pairs for TRL (conversational): prompt, chosen, rejected with content parts, and images. Made from rows in the layout "
            + "of BeaverTails-V (arXiv 2503.17682).",
        ExportFormat.AlignAnything => "Preference pairs for align-anything. Made from rows in the layout of BeaverTails-V (arXiv 2503.17682).",
        ExportFormat.Reward => "Pairs for a reward model (chosen = more helpful). Made from rows in the layout of BeaverTails-V (arXiv 2503.17682).",
        ExportFormat.Cost => "Pairs for a cost model (chosen = safer). Made from rows in the layout of BeaverTails-V (arXiv 2503.17682).",
        _ => new BeaverTailsWriterOptions().Description,
    };
}
