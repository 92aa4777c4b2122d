namespace SafeRlhfV.Guard;

/// <summary>One round of filter-and-regenerate for one prompt.</summary>
/// <param name="Round">0 for the first answer, 1..K for the regenerated ones.</param>
/// <param name="Answer">The answer of this round.</param>
/// <param name="Decision">What the policy made of it.</param>
/// <param name="GenerationTime">How long generating took; in a batch, the whole round's.</param>
/// <param name="ModerationTime">How long moderating took; in a batch, the whole round's.</param>
public sealed record RegenerationRound(int Round, string Answer, GuardDecision Decision, TimeSpan GenerationTime, TimeSpan ModerationTime)
{
    /// <summary>The verdict on the answer.</summary>
    public Verdict Verdict => Decision.Verdict;
}
