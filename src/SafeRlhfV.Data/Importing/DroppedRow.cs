namespace SafeRlhfV.Data;

/// <summary>A row that an import left out.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">The row in the file, from 0.</param>
/// <param name="Reason">One of <see cref="DropReason"/>.</param>
public readonly record struct DroppedRow(string File, long Row, string Reason);
