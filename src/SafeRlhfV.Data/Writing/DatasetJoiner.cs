using ParquetSharp;

namespace SafeRlhfV.Data;

/// <summary>
/// Makes one data set of several that were written with the same columns: links to their Parquet files under one dataset card. No row is copied.
/// </summary>
public static class DatasetJoiner
{
    /// <summary>Joins data sets.</summary>
    /// <param name="parts">Their folders; of a split, the rows stand in this order.</param>
    /// <param name="target">The data set to write. It is named when it is whole.</param>
    /// <param name="options">The card, and whether a folder may be replaced.</param>
    /// <param name="attach">Writes further files into the folder that it is given; null for none.</param>
    /// <exception cref="InvalidInputException">There is no part, parts have different columns, or the disk refuses.</exception>
    public static void Join(IEnumerable<string> parts, string target, BeaverTailsWriterOptions options, Action<string>? attach = null)
    {
        Dictionary<(string Config, string Split), List<string>> files = [];
        Dictionary<string, RowSchema> schemas = [];
        Dictionary<string, long> rows = [];
        foreach (string part in parts)
        {
            PreferenceDataset data = PreferenceDataset.Open(part);
            foreach (DatasetPart one in data.Parts)
                foreach (string file in one.Files)
                {
                    RowSchema schema = data.SchemaOfFile(file);
                    if (schemas.TryGetValue(one.Config, out RowSchema? other) && other != schema)
                        throw new InvalidInputException($"{file}: has other columns than the files before it; join data sets with the same columns.");
                    schemas[one.Config] = schema;
                    rows[file] = data.CountRowsOfFile(file);
                    if (!files.TryGetValue((one.Config, one.Split), out List<string>? of)) files[(one.Config, one.Split)] = of = [];
                    of.Add(file);
                }
        }
        if (files.Count == 0) throw new InvalidInputException($"{target}: there is no row to write.");
        DatasetCardText.PartSize[] sizes = [.. files.Select(part =>
            new DatasetCardText.PartSize(part.Key.Config, part.Key.Split, part.Value.Sum(file => rows[file]), part.Value.Sum(SizeOf),
                part.Value.Sum(file => FileSize.Of(file))))];
        using AtomicFolder folder = AtomicFolder.Create(target, options.Overwrite);
        DiskErrors.Writing(target, () =>
        {
            foreach (((string config, string split), List<string> of) in files)
                for (int i = 0; i < of.Count; i++) DurableFiles.LinkOrCopy(of[i], folder.At("data", config, $"{split}-{i:00000}-of-{of.Count:00000}.parquet"));
            File.WriteAllText(folder.At("README.md"), DatasetCardText.Write(schemas, options, rows.Values.Sum(), sizes));
            attach?.Invoke(folder.Path);
        }, folder.Path);
        folder.Commit();
    }

    /// <summary>Bytes of a file's values, not compressed.</summary>
    private static long SizeOf(string file)
    {
        using ParquetFileReader reader = ParquetFile.Open(file);
        long bytes = 0;
        for (int i = 0; i < reader.FileMetaData.NumRowGroups; i++)
        {
            using RowGroupReader group = reader.RowGroup(i);
            bytes += group.MetaData.TotalByteSize;
        }
        return bytes;
    }
}
