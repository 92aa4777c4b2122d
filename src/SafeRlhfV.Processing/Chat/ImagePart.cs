namespace SafeRlhfV.Processing;

/// <summary>An image of a turn.</summary>
/// <param name="Image">The image; null where a conversation is only written out, not encoded.</param>
public sealed record ImagePart(RgbImage? Image) : ChatPart;
