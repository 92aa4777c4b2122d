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
        (RowPrint Row, ImageFingerprint Image)[] train = [.. Shown(row => row.Position.Split == "train")],
            held = [.. Shown(row => row.Position.Split != "train")];
        return [.. train.AsParallel().AsOrdered()
            .SelectMany(pair => held.Where(other => IsNear(pair.Image, other.Image, threshold))
                .Select(other => (pair.Row, other.Row, pair.Image.Distance(other.Image))))
            .AsEnumerable().DistinctBy(leak => (leak.Item1, leak.Item2))];
    }

    /// <summary>
    /// Pairs of rows of the same split with images that look the same without having the same pixels, and the bits between them; one row stands for all with
    /// its pixels.
    /// </summary>
    public IReadOnlyList<(RowPrint First, RowPrint Second, int Bits)> NearPairs(int threshold)
    {
        (RowPrint Row, ImageFingerprint Image)[] distinct = [.. Shown(_ => true).DistinctBy(pair => (pair.Row.Position.Split, pair.Image.Pixels))];
        return [.. Enumerable.Range(0, distinct.Length).AsParallel().AsOrdered().SelectMany(i => distinct.Skip(i + 1)
            .Where(other => other.Row != distinct[i].Row && other.Row.Position.Split == distinct[i].Row.Position.Split
                && IsNear(distinct[i].Image, other.Image, threshold))
            .Select(other => (distinct[i].Row, other.Row, distinct[i].Image.Distance(other.Image))))];
    }

    private static bool IsNear(ImageFingerprint left, ImageFingerprint right, int threshold) => left.Pixels != right.Pixels && left.IsNear(right, threshold);

    private IEnumerable<(RowPrint Row, ImageFingerprint Image)> Shown(Func<RowPrint, bool> which) =>
        rows.Where(which).SelectMany(row => row.Images.DistinctBy(image => image.Pixels).Select(image => (row, image)));

    private static IReadOnlyList<IReadOnlyList<RowPrint>> Groups<TKey>(IEnumerable<RowPrint> rows, Func<RowPrint, TKey?> key) where TKey : struct =>
        [.. rows.Where(row => key(row) is not null).GroupBy(row => key(row)!.Value).Where(group => group.Skip(1).Any()).Select(group => group.ToArray())];

    private static IReadOnlyList<IReadOnlyList<RowPrint>> Groups(IEnumerable<RowPrint> rows, Func<RowPrint, UInt128> key) => Groups(rows,
        row => (UInt128?)key(row));
}
