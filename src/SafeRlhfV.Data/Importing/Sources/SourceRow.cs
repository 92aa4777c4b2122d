namespace SafeRlhfV.Data;

/// <summary>A record of a source file.</summary>
/// <param name="Row">Its place among the file's records, from 0; blank lines do not count.</param>
/// <param name="Value">What it holds; null where it cannot be read as an object.</param>
/// <param name="Fault">Why it cannot; one of <see cref="DropReason"/>.</param>
internal readonly record struct SourceRow(long Row, SourceMap? Value, string? Fault = null);
