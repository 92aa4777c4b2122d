namespace SafeRlhfV.Guard;

/// <summary>A guard model's answer.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Tokens">Its tokens with the probabilities of what might have stood there, in order; empty where the model gives none.</param>
public sealed record GuardModelReply(string Text, IReadOnlyList<GuardModelToken> Tokens);
