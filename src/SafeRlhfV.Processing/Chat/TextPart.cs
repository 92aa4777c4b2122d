namespace SafeRlhfV.Processing;

/// <summary>Text of a turn. It is never read for special tokens.</summary>
/// <param name="Text">The text as it stands.</param>
public sealed record TextPart(string Text) : ChatPart;
