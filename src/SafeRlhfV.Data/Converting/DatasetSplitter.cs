namespace SafeRlhfV.Data;

/// <summary>Splits a data set by image: rows whose images have the same pixels, or look the same, never part.</summary>
public static class DatasetSplitter
{
    /// <summary>
    /// Assigns all rows anew. Groups of equal or near-equal images stay whole; every split comes within the largest group of its share, and as near as that
    /// allows to its share of each category and severity. Only the seed decides among equals.
    /// </summary>
    /// <param name="dataset">The rows; their present splits do not matter.</param>
    /// <param name="folder">The data set to write.</param>
    /// <param name="shares">The splits and their shares of the rows; the shares sum to 1.</param>
    /// <param name="seed">The same seed gives the same split on every machine.</param>
    /// <param name="threshold">The bits of 64 by which the difference hashes of images that look the same may differ.</param>
    /// <param name="overwrite">Replace a folder that exists.</param>
    /// <param name="onProgress">Called with the rows looked at so far.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Rows by split, and the largest group.</returns>
    /// <exception cref="InvalidInputException">The shares make no sense, an image cannot be decoded, or the folder cannot be written.</exception>
    public static SplitReport Split(PreferenceDataset dataset, string folder, IReadOnlyList<(string Split, double Share)> shares, long seed,
        int threshold = ImageFingerprint.DefaultThreshold, bool overwrite = false, Action<long>? onProgress = null,
        CancellationToken cancellationToken = default)
    {
        CheckShares(shares);
        foreach ((string split, _) in shares) BeaverTailsWriter.CheckSplit(folder, split);
        AtomicFolder.Check(folder, overwrite, dataset.Path);
        (int[] splits, int largest) = Assign(dataset, shares, seed, threshold, onProgress, cancellationToken);
        long next = 0;
        long[] counts = new long[shares.Count];
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder, dataset.Schemas, new BeaverTailsWriterOptions
        {
            Overwrite = overwrite,
            Description = $"Split by image (same or similar images stay together), stratified by category and severity, seed {seed}.",
        });
        foreach (DatasetRow row in dataset.ReadRows().Prefetch(8))
        {
            cancellationToken.ThrowIfCancellationRequested();
            int split = splits[next++];
            counts[split]++;
            writer.Add(shares[split].Split, row.WithoutPairColumns(), row.Position.Config);
        }
        writer.Complete();
        return new SplitReport(shares.Select((share, i) => (share.Split, counts[i])).ToDictionary(pair => pair.Split, pair => pair.Item2), largest);
    }

    /// <summary>The number of rows that <see cref="Split"/> would give to each split. Every image is read; nothing is written.</summary>
    /// <param name="dataset">The rows.</param>
    /// <param name="shares">The splits and their shares of the rows; the shares sum to 1.</param>
    /// <param name="seed">The seed of the split.</param>
    /// <param name="threshold">As <see cref="Split"/> has it.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>Rows by split, and the largest group.</returns>
    /// <exception cref="InvalidInputException">The shares make no sense, or an image cannot be decoded.</exception>
    public static SplitReport Count(PreferenceDataset dataset, IReadOnlyList<(string Split, double Share)> shares, long seed,
        int threshold = ImageFingerprint.DefaultThreshold, CancellationToken cancellationToken = default)
    {
        CheckShares(shares);
        (int[] splits, int largest) = Assign(dataset, shares, seed, threshold, null, cancellationToken);
        return new SplitReport(shares.Select((share, i) => (share.Split, Rows: splits.LongCount(split => split == i)))
            .ToDictionary(pair => pair.Split, pair => pair.Rows), largest);
    }

    private static void CheckShares(IReadOnlyList<(string Split, double Share)> shares)
    {
        if (shares.Count == 0 || shares.Any(share => !(share.Share > 0) || double.IsInfinity(share.Share))
            || shares.Select(share => share.Split).Distinct().Count() < shares.Count)
            throw new InvalidInputException("the shares of a split must be above 0 and each split named once, for example train=0.9,evaluation=0.1.");
        if (Math.Abs(shares.Sum(share => share.Share) - 1) > 1e-6)
            throw new InvalidInputException($"the shares of a split sum to {shares.Sum(share => share.Share):0.####}; they must sum to 1, for example "
                + "train=0.9,evaluation=0.1.");
    }

    // the split of each row, and the size of the largest group
    private static (int[] Splits, int Largest) Assign(PreferenceDataset dataset, IReadOnlyList<(string Split, double Share)> shares, long seed, int threshold,
        Action<long>? onProgress, CancellationToken cancellationToken)
    {
        List<RowPrint> rows = [];
        foreach (RowPrint row in RowPipeline.Map(dataset.ReadRows(), RowPrint.Of, cancellationToken))
        {
            rows.Add(row);
            onProgress?.Invoke(rows.Count);
        }
        if (rows.FirstOrDefault(row => row.ImageFault is not null)?.ImageFault is { } fault) throw new InvalidInputException(fault);
        int[][] groups = ImageGroups.Of(rows, threshold);
        new RandomStream(seed, "split").Shuffle(groups.AsSpan());
        return (GroupDealer.Deal([.. rows.Select(row => (row.Category, row.Severity))], groups, [.. shares.Select(share => share.Share)]),
            groups.Max(group => group.Length));
    }
}
