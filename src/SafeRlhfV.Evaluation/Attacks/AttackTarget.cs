namespace SafeRlhfV.Evaluation;

/// <summary>A prompt to attack.</summary>
/// <param name="Name">Its name, unique in the run: it names the random streams of the attacks.</param>
/// <param name="Image">The image.</param>
/// <param name="Text">The question.</param>
public sealed record AttackTarget(string Name, RgbImage Image, string Text);
