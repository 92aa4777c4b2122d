namespace SafeRlhfV.Evaluation;

/// <summary>What one scorer says of the models.</summary>
/// <param name="Scorer">Its name.</param>
/// <param name="Form">How it reads.</param>
/// <param name="Changed">Items that it reads otherwise than of the first model, model by model.</param>
/// <param name="Unreadable">Items without a reading, model by model.</param>
/// <param name="Figures">The benchmark's figures.</param>
public sealed record ScorerComparison(string Scorer, ReplyForm Form, IReadOnlyList<int> Changed, IReadOnlyList<int> Unreadable,
    IReadOnlyList<FigureComparison> Figures);
