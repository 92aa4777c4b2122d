namespace SafeRlhfV.Data;

/// <summary>Finds what repeats in a data set and, if asked, writes a copy without it.</summary>
public static class DatasetDeduplicator
{
    /// <summary>Looks for leaks and duplicates.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="threshold">The bits of 64 by which the difference hashes of near-duplicates may differ.</param>
    /// <param name="folder">Where to write a copy without leaking train rows (exact, and near if <paramref name="dropNear"/>) and without all but the first of
    /// equal rows and equal words; null writes nothing.</param>
    /// <param name="dropNear">Also leave out train rows that look like rows held out.</param>
    /// <param name="overwrite">Replace a folder that exists.</param>
    /// <param name="onProgress">Called with the rows read so far.</param>
    /// <param name="cancel">Stops the work.</param>
    /// <exception cref="InvalidInputException">A file is damaged, or the folder cannot be written.</exception>
    public static DeduplicationReport Run(PreferenceDataset dataset, int threshold = ImageFingerprint.DefaultThreshold, string? folder = null,
        bool dropNear = false, bool overwrite = false,
        Action<long>? onProgress = null, CancellationToken cancel = default)
    {
        if (folder is not null) AtomicFolder.Check(folder, overwrite, dataset.Path);
        List<RowPrint> rows = [];
        foreach (RowPrint row in RowPipeline.Map(dataset.ReadRows(), RowPrint.Of, cancel))
        {
            rows.Add(row);
            onProgress?.Invoke(rows.Count);
        }
        Duplicates duplicates = new(rows);
        IReadOnlyList<(RowPrint Train, RowPrint Held)> exact = duplicates.ExactLeaks();
        IReadOnlyList<(RowPrint Train, RowPrint Held, int Bits)> near = duplicates.NearLeaks(threshold);
        HashSet<RowPrint> drop = new(exact.Select(leak => leak.Train), ReferenceEqualityComparer.Instance);
        if (dropNear) drop.UnionWith(near.Select(leak => leak.Train));
        foreach (IReadOnlyList<RowPrint> group in (IReadOnlyList<RowPrint>[])[.. duplicates.EqualRows, .. duplicates.EqualWords])
        {
            // Of equal rows a held-out one is kept before a train one: the train one may leak the words.
            RowPrint[] kept = [.. group.Where(row => !drop.Contains(row)).OrderBy(row => row.Position.Split == "train")];
            drop.UnionWith(kept.Skip(1).Where(row => row.Row == kept[0].Row || row.SameImages(kept[0])));
        }
        DeduplicationReport report = new(rows.Count,
            [.. exact.Select(leak => (leak.Train.Position, leak.Held.Position))],
            [.. near.Select(leak => (leak.Train.Position, leak.Held.Position, leak.Bits))],
            Positions(duplicates.EqualRows), Positions([.. dataset.Splits.SelectMany(split => duplicates.EqualPixels(split))]),
            [.. duplicates.NearPairs(threshold).Select(pair => (pair.First.Position, pair.Second.Position, pair.Bits))],
            Positions(duplicates.EqualWords), [.. rows.Where(drop.Contains).Select(row => row.Position)]);
        if (folder is not null) Write(dataset, folder, rows, drop, overwrite, cancel);
        return report;
    }

    private static void Write(PreferenceDataset dataset, string folder, List<RowPrint> rows, HashSet<RowPrint> drop, bool overwrite, CancellationToken cancel)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder, dataset.Schemas,
            new BeaverTailsWriterOptions { Overwrite = overwrite, Description = "A copy without duplicates and without train rows that leak." });
        int next = 0;
        foreach (DatasetRow row in dataset.ReadRows().Prefetch(8))
        {
            cancel.ThrowIfCancellationRequested();
            if (!drop.Contains(rows[next++])) writer.Add(row.Position.Split, row.WithoutPairColumns(), row.Position.Config);
        }
        writer.Complete();
    }

    private static IReadOnlyList<RowPosition>[]
        Positions(IReadOnlyList<IReadOnlyList<RowPrint>> groups) =>
            [.. groups.Select(group => (IReadOnlyList<RowPosition>)[.. group.Select(row => row.Position)])];
}
