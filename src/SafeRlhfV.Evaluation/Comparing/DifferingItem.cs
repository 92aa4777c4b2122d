namespace SafeRlhfV.Evaluation;

/// <summary>An item on which models differ.</summary>
/// <param name="Benchmark">The benchmark.</param>
/// <param name="Id">The item's name.</param>
/// <param name="Question">What was asked.</param>
/// <param name="Harmful">Whether a good answer declines.</param>
/// <param name="Facts">What the benchmark says of it.</param>
/// <param name="Images">SHA-256 of its images.</param>
/// <param name="Answers">The models' answers.</param>
public sealed record DifferingItem(string Benchmark, string Id, string Question, bool? Harmful, IReadOnlyDictionary<string, string> Facts,
    IReadOnlyList<string> Images, IReadOnlyList<DifferingAnswer> Answers);
