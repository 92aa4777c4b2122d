namespace SafeRlhfV.Guard;

/// <summary>Generates an answer for one prompt.</summary>
/// <param name="round">0 first, then 1..K.</param>
/// <param name="row">The prompt with the round before and its verdict.</param>
/// <param name="cancellationToken">Cancels the generation.</param>
public delegate Task<string> AnswerGenerator(int round, RegenerationRow row, CancellationToken cancellationToken);
