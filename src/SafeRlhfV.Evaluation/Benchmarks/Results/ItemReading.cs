namespace SafeRlhfV.Evaluation;

/// <summary>What one scorer found out about one item.</summary>
/// <param name="Scorer">The scorer's name.</param>
/// <param name="Form">How it reads.</param>
/// <param name="Readings">Readings by aspect, one an answer; null is unreadable.</param>
/// <param name="Verdicts">Its verdicts with their reasons.</param>
public sealed record ItemReading(string Scorer, ReplyForm Form, IReadOnlyDictionary<string, IReadOnlyList<string?>> Readings,
    IReadOnlyList<ItemVerdict> Verdicts);
