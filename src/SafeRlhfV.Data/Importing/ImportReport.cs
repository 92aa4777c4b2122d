namespace SafeRlhfV.Data;

/// <summary>What an import read, kept, left out and repaired.</summary>
public sealed class ImportReport
{
    private readonly List<DroppedRow> droppedRows = [];
    private readonly SortedDictionary<string, long> dropped = new(StringComparer.Ordinal), repaired = new(StringComparer.Ordinal);

    /// <summary>Rows that the source holds.</summary>
    public long Read { get; internal set; }

    /// <summary>Records that were made of them.</summary>
    public long Kept { get; internal set; }

    /// <summary>Rows left out by reason, which is one of <see cref="DropReason"/>.</summary>
    public IReadOnlyDictionary<string, long> Dropped => dropped;

    /// <summary>Each row left out.</summary>
    public IReadOnlyList<DroppedRow> DroppedRows => droppedRows;

    /// <summary>Rows repaired by what was done to them.</summary>
    public IReadOnlyDictionary<string, long> Repaired => repaired;

    /// <summary>Records equal to an earlier one; they are kept.</summary>
    public long Duplicates { get; internal set; }

    internal void Drop(string file, long row, string reason)
    {
        droppedRows.Add(new DroppedRow(file, row, reason));
        dropped[reason] = dropped.GetValueOrDefault(reason) + 1;
    }

    internal void Repair(IEnumerable<string> repairs)
    {
        foreach (string repair in repairs) repaired[repair] = repaired.GetValueOrDefault(repair) + 1;
    }
}
