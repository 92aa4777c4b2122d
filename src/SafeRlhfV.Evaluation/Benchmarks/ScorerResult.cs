namespace SafeRlhfV.Evaluation;

/// <summary>What one scorer found on a benchmark.</summary>
/// <param name="Scorer">The scorer.</param>
/// <param name="Items">What it read of every item.</param>
/// <param name="Verdicts">Its verdicts.</param>
/// <param name="Figures">The benchmark's figures.</param>
public sealed record ScorerResult(AnswerScorer Scorer, IReadOnlyList<ScoredItem> Items, IReadOnlyList<ItemVerdict> Verdicts, IReadOnlyList<Figure> Figures)
{
    /// <summary>Verdicts of a status.</summary>
    public int Count(VerdictStatus status) => Verdicts.Count(verdict => verdict.Status == status);
}
