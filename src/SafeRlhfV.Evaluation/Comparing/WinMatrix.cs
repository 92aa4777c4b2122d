namespace SafeRlhfV.Evaluation;

/// <summary>Win rates of every model over every other on one axis.</summary>
/// <param name="Axis">The axis.</param>
/// <param name="Source">Whose verdicts: a pairwise judge's, or each answer's own readings held side by side.</param>
/// <param name="Models">The models.</param>
/// <param name="Baseline">The model that most others were judged against.</param>
/// <param name="Cells">Those that were compared.</param>
public sealed record WinMatrix(JudgementAxis Axis, string Source, IReadOnlyList<string> Models, string Baseline, IReadOnlyList<WinCell> Cells)
{
    /// <summary>A matrix of outcomes; each pair is seen from both sides.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="source">Whose verdicts.</param>
    /// <param name="pairs">The outcomes of each pair of models.</param>
    /// <param name="prompts">The prompts of each pair's outcomes, where several may be of one; null = one outcome a prompt.</param>
    internal static WinMatrix Of(JudgementAxis axis, string source, IReadOnlyList<(string Row, string Column, IReadOnlyList<Outcome> Outcomes)> pairs,
        IReadOnlyList<IReadOnlyList<string>>? prompts = null) =>
        new(axis, source, [.. pairs.SelectMany(pair => (string[])[pair.Row, pair.Column]).Distinct()],
            pairs.CountBy(pair => pair.Column).MaxBy(count => count.Value).Key,
            [.. pairs.SelectMany((pair, at) => (WinCell[])
                [Cell(pair.Row, pair.Column, pair.Outcomes, prompts?[at]), Cell(pair.Column, pair.Row, [.. pair.Outcomes.Select(Turn)], prompts?[at])])]);

    /// <summary>How a model fared against another; null where they were not compared.</summary>
    internal WinRate? Over(string row, string column) => Cells.FirstOrDefault(cell => cell.Row == row && cell.Column == column)?.Rate;

    private static WinCell Cell(string row, string column, IReadOnlyList<Outcome> outcomes, IReadOnlyList<string>? prompts) =>
        new(row, column, WinRate.Measure(outcomes, new RandomStream(0, $"compare/wins/{row}/{column}"), prompts: prompts));

    private static Outcome Turn(Outcome outcome) => outcome switch { Outcome.Win => Outcome.Loss, Outcome.Loss => Outcome.Win, _ => outcome };
}
