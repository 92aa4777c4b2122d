namespace SafeRlhfV.Demo;

/// <summary>A method's answer in the gallery, with the exact rater's two ratings.</summary>
/// <param name="Method">The method's key.</param>
/// <param name="Text">The answer.</param>
/// <param name="Helpful">Helpfulness, 0..3.</param>
/// <param name="Harmless">Harmlessness, -3..3; below 0 is unsafe.</param>
/// <param name="Reward">RM-V's calibrated score; null where not scored.</param>
/// <param name="Cost">CM-V's calibrated score; null where not scored.</param>
public sealed record GalleryAnswer(string Method, string Text, int Helpful, int Harmless, double? Reward = null, double? Cost = null);
