namespace SafeRlhfV.Guard;

/// <summary>Generates an answer for every row, in the same order.</summary>
/// <param name="round">0 first, then 1..K.</param>
/// <param name="rows">The prompts that still need an answer; never empty.</param>
/// <param name="cancellationToken">Cancels the generation.</param>
public delegate Task<IReadOnlyList<string>> BatchAnswerGenerator(int round, IReadOnlyList<RegenerationRow> rows, CancellationToken cancellationToken);
