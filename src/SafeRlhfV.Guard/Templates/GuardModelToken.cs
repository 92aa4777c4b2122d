namespace SafeRlhfV.Guard;

/// <summary>A token of an answer.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Candidates">The likeliest tokens at its place with their natural log-probabilities.</param>
public sealed record GuardModelToken(string Text, IReadOnlyList<(string Text, double LogProbability)> Candidates);
