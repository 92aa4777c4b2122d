namespace SafeRlhfV.Data;

/// <summary>What a clean copy left out or changed.</summary>
/// <param name="Rows">Rows read.</param>
/// <param name="Kept">Rows written.</param>
/// <param name="Mended">Cells that were mended: spelling of labels, ids and categories, where only one meaning is possible.</param>
/// <param name="Dropped">Why each row, or the rest of a file, was left out.</param>
public sealed record MendReport(long Rows, long Kept, IReadOnlyList<MendedCell> Mended, IReadOnlyList<Finding> Dropped);
