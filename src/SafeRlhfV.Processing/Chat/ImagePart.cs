namespace SafeRlhfV.Processing;

/// <summary>A picture of a turn.</summary>
/// <param name="Image">The picture; null where a conversation is only written out, not encoded.</param>
public sealed record ImagePart(RgbImage? Image) : ChatPart;
