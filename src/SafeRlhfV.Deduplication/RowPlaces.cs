namespace SafeRlhfV.Deduplication;

/// <summary>Where rows lie, by their number in reading order: an entry for each file, not for each row.</summary>
internal sealed class RowPlaces
{
    private readonly List<(long Number, RowPosition First)> files = [];

    /// <summary>Rows so far.</summary>
    public long Count { get; private set; }

    /// <summary>Takes the next row.</summary>
    /// <returns>Its number.</returns>
    public long Add(RowPosition position)
    {
        if (files.Count == 0 || At(files[^1], Count) != position) files.Add((Count, position));
        return Count++;
    }

    /// <summary>Where a row lies.</summary>
    public RowPosition Of(long number)
    {
        int found = files.BinarySearch((number, default),
            Comparer<(long Number, RowPosition First)>.Create((one, other) => one.Number.CompareTo(other.Number)));
        return At(files[found >= 0 ? found : ~found - 1], number);
    }

    private static RowPosition At((long Number, RowPosition First) file, long number) =>
        file.First with { Row = file.First.Row + number - file.Number, Index = file.First.Index + number - file.Number };
}
