namespace SafeRlhfV.Data;

/// <summary>What repeats in a data set, found from the prints of its rows.</summary>
internal sealed class Duplicates
{
    private readonly IReadOnlyList<RowPrint> rows;

    public Duplicates(IReadOnlyList<RowPrint> rows) => this.rows = rows;

    /// <summary>Rows equal in every column.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualRows => Groups(rows, row => row.Row);

    /// <summary>Rows whose question and answers are the same words but that are not equal in every column.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualWords => [.. Groups(rows, row => row.Words).Where(group => group.Select(row => row.Row).Distinct().Count() > 1)];

    /// <summary>Rows with the same pixels and the same question.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualImageAndQuestion => Groups(rows, row => row.Picture is { } picture ? (picture.Pixels, row.Question) : ((UInt128, UInt128)?)null);

    /// <summary>Rows of one split with the same pixels.</summary>
    public IReadOnlyList<IReadOnlyList<RowPrint>> EqualPixels(string? split = null) => Groups(rows.Where(row => split is null || row.Position.Split == split), row => row.Picture?.Pixels);

    /// <summary>Each train row with each row of another split that has the same pixels.</summary>
    public IReadOnlyList<(RowPrint Train, RowPrint Held)> ExactLeaks()
    {
        ILookup<UInt128, RowPrint> held = rows.Where(row => row.Picture is not null && row.Position.Split != "train").ToLookup(row => row.Picture!.Pixels);
        return [.. rows.Where(row => row.Picture is not null && row.Position.Split == "train").SelectMany(row => held[row.Picture!.Pixels].Select(other => (row, other)))];
    }

    /// <summary>Each train row with each row of another split whose picture looks the same without having the same pixels.</summary>
    public IReadOnlyList<(RowPrint Train, RowPrint Held)> NearLeaks(int threshold)
    {
        RowPrint[] train = [.. rows.Where(row => row.Picture is not null && row.Position.Split == "train")], held = [.. rows.Where(row => row.Picture is not null && row.Position.Split != "train")];
        return [.. train.AsParallel().AsOrdered().SelectMany(row => held.Where(other => IsNear(row, other, threshold)).Select(other => (row, other)))];
    }

    /// <summary>Pairs of rows of the same split whose pictures look the same without having the same pixels; one row stands for all with its pixels.</summary>
    public IReadOnlyList<(RowPrint First, RowPrint Second)> NearPairs(int threshold)
    {
        RowPrint[] distinct = [.. rows.Where(row => row.Picture is not null).DistinctBy(row => (row.Position.Split, row.Picture!.Pixels))];
        return [.. Enumerable.Range(0, distinct.Length).AsParallel().AsOrdered().SelectMany(i => distinct.Skip(i + 1)
            .Where(other => other.Position.Split == distinct[i].Position.Split && IsNear(distinct[i], other, threshold)).Select(other => (distinct[i], other)))];
    }

    private static bool IsNear(RowPrint left, RowPrint right, int threshold) => left.Picture!.Pixels != right.Picture!.Pixels && left.Picture.IsNear(right.Picture, threshold);

    private static IReadOnlyList<IReadOnlyList<RowPrint>> Groups<TKey>(IEnumerable<RowPrint> rows, Func<RowPrint, TKey?> key) where TKey : struct =>
        [.. rows.Where(row => key(row) is not null).GroupBy(row => key(row)!.Value).Where(group => group.Skip(1).Any()).Select(group => group.ToArray())];

    private static IReadOnlyList<IReadOnlyList<RowPrint>> Groups(IEnumerable<RowPrint> rows, Func<RowPrint, UInt128> key) => Groups(rows, row => (UInt128?)key(row));
}
