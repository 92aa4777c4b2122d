namespace SafeRlhfV.Data;

/// <summary>A cell that was mended.</summary>
/// <param name="File">The file, as a path that can be opened.</param>
/// <param name="Row">The row in the file, from 0.</param>
/// <param name="Column">The column.</param>
/// <param name="Before">What stood there.</param>
/// <param name="After">What stands in the copy.</param>
public sealed record MendedCell(string File, long Row, string Column, string Before, string After);
