using SafeRlhfV.Data;

namespace SafeRlhfV.Deduplication;

/// <summary>
/// Finds what repeats in a data set and, if asked, writes a copy without it. Fingerprints lie on the disk: memory does not grow with the rows.
/// </summary>
public static class DatasetDeduplicator
{
    /// <summary>Looks for leaks and duplicates.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="options">How, and what is written; null for the defaults.</param>
    /// <param name="onProgress">Called with the rows read so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidInputException">A file is damaged, or a folder cannot be written.</exception>
    public static DeduplicationReport Run(PreferenceDataset dataset, DeduplicationOptions? options = null, Action<long>? onProgress = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new DeduplicationOptions();
        if (options.Folder is not null) AtomicFolder.Check(options.Folder, options.Overwrite, dataset.Path);
        using PrintStore store = new(dataset.Splits, options.Memory, options.Scratch);
        RowPlaces places = new();
        List<RowPosition> unreadable = [];
        foreach (RowPrint row in RowPipeline.Map(dataset.ReadRows(), RowPrint.Of, cancellationToken))
        {
            store.Add(places.Add(row.Position), row);
            if (row.ImageFault is not null) unreadable.Add(row.Position);
            onProgress?.Invoke(places.Count);
        }
        store.Seal();
        NearImages near = new(store, options.Threshold, cancellationToken);
        (long Train, long Held)[] exact = [.. store.ExactLeaks()];
        (long Train, long Held, int Bits)[] alike = [.. near.Leaks()];
        IReadOnlyList<StoredRow>[] rows = [.. store.EqualRows()], words = [.. store.EqualWords()];
        HashSet<long> drop = Dropped([.. exact.Select(leak => leak.Train), .. options.DropNear ? alike.Select(leak => leak.Train) : []], [.. rows, .. words]);
        DeduplicationReport report = new(
            places.Count,
            unreadable,
            [.. exact.Select(leak => (places.Of(leak.Train), places.Of(leak.Held)))],
            [.. alike.Select(leak => (places.Of(leak.Train), places.Of(leak.Held), leak.Bits))],
            Positions(rows.Select(Numbers)),
            Positions(store.EqualPixels()),
            [.. near.Pairs().Select(pair => (places.Of(pair.First), places.Of(pair.Second), pair.Bits))],
            Positions(words.Select(Numbers)),
            [.. drop.Order().Select(places.Of)]);
        if (options.Folder is not null) Write(dataset, options, drop, cancellationToken);
        return report;

        static IEnumerable<long> Numbers(IReadOnlyList<StoredRow> group) => group.Select(row => row.Number);
        IReadOnlyList<RowPosition>[] Positions(IEnumerable<IEnumerable<long>> groups) =>
            [.. groups.Select(group => (IReadOnlyList<RowPosition>)[.. group.Select(places.Of)])];
    }

    private static HashSet<long> Dropped(HashSet<long> drop, IEnumerable<IReadOnlyList<StoredRow>> groups)
    {
        foreach (IReadOnlyList<StoredRow> group in groups)
        {
            // Of equal rows a held-out one is kept before a train one: the train one may leak the words.
            StoredRow[] kept = [.. group.Where(row => !drop.Contains(row.Number)).OrderBy(row => row.IsTrain)];
            drop.UnionWith(kept.Skip(1).Where(row => row.Row == kept[0].Row || row.Images == kept[0].Images).Select(row => row.Number));
        }
        return drop;
    }

    private static void Write(PreferenceDataset dataset, DeduplicationOptions options, HashSet<long> drop, CancellationToken cancellationToken)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(options.Folder!, dataset.Schemas,
            new BeaverTailsWriterOptions { Overwrite = options.Overwrite, Description = "A copy without duplicates and without train rows that leak." });
        long next = 0;
        foreach (DatasetRow row in dataset.ReadRows().Prefetch(8))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!drop.Contains(next++)) writer.Add(row.Position.Split, row.WithoutPairColumns(), row.Position.Config);
        }
        writer.Complete();
    }
}
