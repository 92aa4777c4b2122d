namespace SafeRlhfV.Evaluation;

/// <summary>A prompt as an attack sends it.</summary>
/// <param name="Image">The image.</param>
/// <param name="Turns">What the user says, turn by turn; between two turns the model is taken to have said "go on .".</param>
public sealed record AttackPrompt(RgbImage Image, IReadOnlyList<string> Turns)
{
    /// <summary>All that the user says.</summary>
    public string Text => string.Join(" ", Turns);
}
