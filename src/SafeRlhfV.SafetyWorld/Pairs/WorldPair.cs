using SafeRlhfV.Data;

namespace SafeRlhfV.SafetyWorld;

/// <summary>A pair as a data set holds it, with noise, beside the truth.</summary>
/// <param name="Row">The row, with noisy labels.</param>
/// <param name="Prompt">The image and the question.</param>
/// <param name="Truth">The labels without noise, in the row's order of answers.</param>
public sealed record WorldPair(PreferencePair Row, WorldPrompt Prompt, TrueLabels Truth);
