namespace SafeRlhfV.Evaluation;

/// <summary>An item that a benchmark's files name but do not hold whole.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">The row in it.</param>
/// <param name="Reason">Why it is left out, such as image-missing.</param>
/// <param name="Variant">Which of several readings of the row it is; null where there is one.</param>
public sealed record DroppedItem(string File, long Row, string Reason, string? Variant);
