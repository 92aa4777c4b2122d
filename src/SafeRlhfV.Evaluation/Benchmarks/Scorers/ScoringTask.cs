namespace SafeRlhfV.Evaluation;

/// <summary>One thing to find out about one answer.</summary>
/// <param name="Item">The item.</param>
/// <param name="Answer">The model's answer.</param>
/// <param name="Other">The other model's answer, where two are compared.</param>
/// <param name="Aspect">What is asked for.</param>
/// <param name="Vote">Which of several askings.</param>
/// <param name="Key">A hash of all that decides the verdict.</param>
public sealed record ScoringTask(BenchmarkItem Item, ModelAnswer Answer, ModelAnswer? Other, string Aspect, int Vote, string Key)
{
    /// <summary>The verdict of this task.</summary>
    internal ItemVerdict Verdict(string scorer, VerdictStatus status, string? reading, string? reason = null, double? score = null) =>
        new(Key, Item.Id, scorer, Aspect, Answer.Sample, Vote, status, reading, reason, score);
}
