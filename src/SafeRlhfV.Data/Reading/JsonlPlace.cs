namespace SafeRlhfV.Data;

/// <summary>Where a line begins: its byte, its row, and the lines before it.</summary>
internal readonly record struct JsonlPlace(long Offset, long Row, long Number);
