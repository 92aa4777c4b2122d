namespace SafeRlhfV.Guard;

/// <summary>Characters of two UTF-16 units.</summary>
internal static class SurrogatePairs
{
    /// <summary>Whether a position lies between the halves of a character.</summary>
    public static bool AreParted(ReadOnlySpan<char> text, int at) => at > 0 && at < text.Length && char.IsSurrogatePair(text[at - 1], text[at]);
}
