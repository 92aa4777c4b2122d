namespace SafeRlhfV.Processing;

/// <summary>A stretch of a text, and whether special tokens in it are meant as such.</summary>
/// <param name="Text">The characters.</param>
/// <param name="ParseSpecialTokens">False for text from a user: what looks like a special token there is encoded as ordinary text.</param>
public readonly record struct TextSegment(string Text, bool ParseSpecialTokens);
