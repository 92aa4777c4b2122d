namespace SafeRlhfV.Evaluation;

/// <summary>An item of a result with all that was found out about it: a line of items.jsonl.</summary>
/// <param name="Benchmark">The benchmark's name.</param>
/// <param name="Id">The item's name within the benchmark.</param>
/// <param name="Question">What was asked, its texts alone.</param>
/// <param name="Harmful">Whether a good answer declines (true), helps (false), or either (null).</param>
/// <param name="Facts">What the benchmark says of it: split, scenario, kind, truth and so on.</param>
/// <param name="Images">SHA-256 of each image that was shown; empty for one whose bytes are not there.</param>
/// <param name="Answers">The model's answers.</param>
/// <param name="Scorers">What each scorer found; one that says nothing of the item is not there.</param>
/// <param name="Other">The answer of the model that pairs were compared with; null without one.</param>
public sealed record ResultItem(string Benchmark, string Id, string Question, bool? Harmful, IReadOnlyDictionary<string, string> Facts,
    IReadOnlyList<string> Images, IReadOnlyList<ModelAnswer> Answers, IReadOnlyList<ItemReading> Scorers, ModelAnswer? Other = null)
{
    /// <summary>The item as the figures of a scorer see it; null where the scorer says nothing of it.</summary>
    public ScoredItem? By(string scorer) => Scorers.FirstOrDefault(one => one.Scorer == scorer) is { } found ? new(Id, Facts, found.Readings) : null;
}
