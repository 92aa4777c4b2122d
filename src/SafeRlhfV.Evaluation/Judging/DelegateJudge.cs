namespace SafeRlhfV.Evaluation;

/// <summary>A judge from a function, such as the exact rater of the built-in world.</summary>
public sealed class DelegateJudge(Func<PairwiseQuestion, PairwiseVerdict?> judge) : IPairwiseJudge
{
    /// <inheritdoc/>
    public Task<PairwiseVerdict?> JudgeAsync(PairwiseQuestion question, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(judge(question));
    }
}
