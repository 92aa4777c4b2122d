namespace SafeRlhfV.Guard;

/// <summary>A text that stands in records by its fingerprint alone.</summary>
/// <param name="Text">The text.</param>
public sealed record UnstoredText(string Text);
