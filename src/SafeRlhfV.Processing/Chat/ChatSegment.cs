namespace SafeRlhfV.Processing;

/// <summary>A stretch of a rendered conversation; all of them joined are its text.</summary>
/// <param name="Kind">What it is. Only <see cref="ChatSegmentKind.Format"/> and <see cref="ChatSegmentKind.Image"/> may hold special tokens.</param>
/// <param name="Text">Its text.</param>
/// <param name="Image">The image of an image segment, if the conversation holds it.</param>
public sealed record ChatSegment(ChatSegmentKind Kind, string Text, RgbImage? Image = null);
