namespace SafeRlhfV.Training;

/// <summary>A row that servers score before they are used.</summary>
/// <param name="Sample">The row's prompt with a fixed response.</param>
/// <param name="Text">The same as it is sent.</param>
/// <param name="Own">Our own scores of it: one, or reward and cost of one model.</param>
internal sealed record ScoreProbe(EncodedSample Sample, ScoreText Text, float[] Own);
