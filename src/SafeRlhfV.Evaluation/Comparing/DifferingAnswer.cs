namespace SafeRlhfV.Evaluation;

/// <summary>A model's answer with what was read of it.</summary>
/// <param name="Model">The model.</param>
/// <param name="Text">The answer.</param>
/// <param name="Worth">How good it is by the scorer on which models differ, 0 to 1; null where it could not be read.</param>
/// <param name="Readings">What each scorer read: "judge:safety: unsafe".</param>
public sealed record DifferingAnswer(string Model, string Text, double? Worth, IReadOnlyList<string> Readings);
