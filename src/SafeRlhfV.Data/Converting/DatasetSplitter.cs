namespace SafeRlhfV.Data;

/// <summary>Splits a data set by picture: rows whose pictures have the same pixels, or look the same, never part.</summary>
public static class DatasetSplitter
{
    /// <summary>
    /// Deals all rows anew. Groups of equal or near-equal pictures go whole to the split that lacks most of the group's categories and
    /// severities, in an order that only the seed decides.
    /// </summary>
    /// <param name="dataset">The rows; their present splits do not matter.</param>
    /// <param name="folder">The data set to write.</param>
    /// <param name="shares">The splits and their shares of the rows; the shares need not sum to 1.</param>
    /// <param name="seed">The same seed gives the same split on every machine.</param>
    /// <param name="threshold">The bits of 64 by which the difference hashes of pictures that look the same may differ.</param>
    /// <param name="overwrite">Replace a folder that exists.</param>
    /// <param name="onProgress">Called with the rows looked at so far.</param>
    /// <param name="cancel">Stops the work.</param>
    /// <returns>Rows by split.</returns>
    /// <exception cref="InvalidInputException">The shares make no sense, a picture cannot be decoded, or the folder cannot be written.</exception>
    public static IReadOnlyDictionary<string, long> Split(PreferenceDataset dataset, string folder, IReadOnlyList<(string Split, double Share)> shares, long seed,
        int threshold = PictureFingerprint.DefaultThreshold, bool overwrite = false, Action<long>? onProgress = null, CancellationToken cancel = default)
    {
        if (shares.Count == 0 || shares.Any(share => !(share.Share > 0) || double.IsInfinity(share.Share)) || shares.Select(share => share.Split).Distinct().Count() < shares.Count)
            throw new InvalidInputException("the shares of a split must be above 0 and each split named once, for example train=0.9,evaluation=0.1.");
        foreach ((string split, _) in shares) BeaverTailsWriter.CheckSplit(folder, split);
        StagedFolder.Check(folder, overwrite, dataset.Path);
        List<RowPrint> rows = [];
        foreach (RowPrint row in RowPipeline.Map(dataset.ReadRows(), RowPrint.Of, cancel))
        {
            rows.Add(row);
            onProgress?.Invoke(rows.Count);
        }
        if (rows.FirstOrDefault(row => row.PictureFault is not null)?.PictureFault is { } fault) throw new InvalidInputException(fault);
        int[] splits = Deal(rows, shares, seed, threshold);

        long next = 0;
        long[] counts = new long[shares.Count];
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder, dataset.Schemas, new BeaverTailsWriterOptions
        {
            Overwrite = overwrite,
            Description = $"Split by picture (same or similar pictures stay together), stratified by category and severity, seed {seed}.",
        });
        foreach (DatasetRow row in dataset.ReadRows().Prefetch(8))
        {
            cancel.ThrowIfCancellationRequested();
            int split = splits[next++];
            counts[split]++;
            writer.Add(shares[split].Split, row.Untraced(), row.Position.Config);
        }
        writer.Complete();
        return shares.Select((share, i) => (share.Split, counts[i])).ToDictionary(pair => pair.Split, pair => pair.Item2);
    }

    private static int[] Deal(List<RowPrint> rows, IReadOnlyList<(string Split, double Share)> shares, long seed, int threshold)
    {
        double sum = shares.Sum(share => share.Share);
        Dictionary<(string?, long?), (int Rows, double[] Dealt)> strata = [];
        foreach (RowPrint row in rows)
        {
            (int count, double[] dealt) = strata.GetValueOrDefault((row.Category, row.Severity), (0, new double[shares.Count]));
            strata[(row.Category, row.Severity)] = (count + 1, dealt);
        }
        int[][] groups = PictureGroups.Of(rows, threshold);
        new RandomStream(seed, "split").Shuffle(groups.AsSpan());
        int[] splits = new int[rows.Count];
        double[] total = new double[shares.Count];
        // Large groups first, while every split still has room; the sort is stable, so the seed decides among equals.
        foreach (int[] group in groups.OrderByDescending(group => group.Length))
        {
            double[] lack = new double[shares.Count];
            for (int i = 0; i < lack.Length; i++)
            {
                double share = shares[i].Share / sum;
                lack[i] = group.Sum(row => 1 - strata[(rows[row].Category, rows[row].Severity)].Dealt[i] / (share * strata[(rows[row].Category, rows[row].Severity)].Rows)) / group.Length
                    + (1 - total[i] / (share * rows.Count));
            }
            int split = Array.IndexOf(lack, lack.Max());
            foreach (int row in group)
            {
                splits[row] = split;
                strata[(rows[row].Category, rows[row].Severity)].Dealt[split]++;
                total[split]++;
            }
        }
        return splits;
    }
}
