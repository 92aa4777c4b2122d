namespace SafeRlhfV.Processing;

/// <summary>Where a pattern matched.</summary>
internal readonly record struct TextMatch(int Start, int End);
