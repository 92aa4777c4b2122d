namespace SafeRlhfV.Data;

/// <summary>What repeats in a data set, found from the prints of its rows.</summary>
internal sealed class Duplicates
{
    private readonly IReadOnlyList<RowPrint> rows;

    public Duplicates(IReadOnlyList<RowPrint> rows) => this.rows = rows;

    /// <summary>Rows equal in every column.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualRows => Groups(rows, row => row.Row);

    /// <summary>Rows whose question and answers are the same words but that are not equal in every column.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualWords =>
        [.. Groups(rows, row => row.Words).Where(group => group.Select(row => row.Row).Distinct().Count() > 1)];

    /// <summary>Rows with the same pixels, image by image, and the same question.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualImageAndQuestion => [.. rows.Where(row => row.Images.Count > 0)
        .GroupBy(row => (string.Join(' ', row.Images.Select(image => image.Pixels)), row.Question)).Where(group => group.Skip(1).Any())
        .Select(group => group.ToArray())];

    /// <summary>Rows of one split that share an image's pixels.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualPixels(string? split = null) => [.. Shown(row => split is null || row.Position.Split == split)
        .GroupBy(pair => pair.Image.Pixels, pair => pair.Row).Where(group => group.Skip(1).Any()).Select(group => group.ToArray())];

    /// <summary>Each train row with each row of another split that has an image of the same pixels.</summary>
    public IReadOnlyList<(RowPrint Train, RowPrint Held)> ExactLeaks()
    {
        ILookup<UInt128, RowPrint> held = Shown(row => row.Position.Split != "train").ToLookup(pair => pair.Image.Pixels, pair => pair.Row);
        return [.. Shown(row => row.Position.Split == "train").SelectMany(pair => held[pair.Image.Pixels].Select(other => (pair.Row, other))).Distinct()];
    }

    /// <summary>
    /// Each train row with each row of another split that has an image which looks the same without having the same pixels, and the bits between the two
    /// images.
    /// </summary>
    public IReadOnlyList<(RowPrint Train, RowPrint Held, int Bits)> NearLeaks(int threshold)
    {
        (RowPrint Row, ImageFingerprint Image)[] shown = [.. Shown(_ => true)];
        bool IsTrain(int i) => shown[i].Row.Position.Split == "train";
        bool Counts(int one, int other) => IsTrain(one) != IsTrain(other) && LookAlike(shown[one].Image, shown[other].Image);
        return [.. new HashBands(threshold).Pairs([.. shown.Select(pair => pair.Image.Hash)], Counts)
            .Select(pair => IsTrain(pair.First) ? pair : (pair.Second, pair.First)).Order()
            .Select(pair => (shown[pair.Item1].Row, shown[pair.Item2].Row, shown[pair.Item1].Image.Distance(shown[pair.Item2].Image)))
            .DistinctBy(leak => (leak.Item1, leak.Item2))];
    }

    /// <summary>
    /// Pairs of rows of the same split with images that look the same without having the same pixels, and the bits between them; one row stands for all with
    /// its pixels.
    /// </summary>
    public IReadOnlyList<(RowPrint First, RowPrint Second, int Bits)> NearPairs(int threshold)
    {
        (RowPrint Row, ImageFingerprint Image)[] distinct = [.. Shown(_ => true).DistinctBy(pair => (pair.Row.Position.Split, pair.Image.Pixels))];
        bool Counts(int one, int other) => distinct[one].Row != distinct[other].Row
            && distinct[one].Row.Position.Split == distinct[other].Row.Position.Split && LookAlike(distinct[one].Image, distinct[other].Image);
        return [.. new HashBands(threshold).Pairs([.. distinct.Select(pair => pair.Image.Hash)], Counts)
            .Select(pair => (distinct[pair.First].Row, distinct[pair.Second].Row, distinct[pair.First].Image.Distance(distinct[pair.Second].Image)))];
    }

    private static bool LookAlike(ImageFingerprint one, ImageFingerprint other) =>
        one.Pixels != other.Pixels && ImageFingerprint.LookAlike(one.Miniature, other.Miniature);

    private IEnumerable<(RowPrint Row, ImageFingerprint Image)> Shown(Func<RowPrint, bool> which) =>
        rows.Where(which).SelectMany(row => row.Images.DistinctBy(image => image.Pixels).Select(image => (row, image)));

    private static IReadOnlyList<IReadOnlyList<RowPrint>> Groups<TKey>(IEnumerable<RowPrint> rows, Func<RowPrint, TKey?> key) where TKey : struct =>
        [.. rows.Where(row => key(row) is not null).GroupBy(row => key(row)!.Value).Where(group => group.Skip(1).Any()).Select(group => group.ToArray())];

    private static IReadOnlyList<IReadOnlyList<RowPrint>> Groups(IEnumerable<RowPrint> rows, Func<RowPrint, UInt128> key) => Groups(rows,
        row => (UInt128?)key(row));
}
