namespace SafeRlhfV.Evaluation;

/// <summary>Compares two answers to one question about one image: a large model, a person, or an exact rater.</summary>
public interface IPairwiseJudge
{
    /// <summary>Judges the answers in the order given; null where the judge's reply could not be read as a verdict.</summary>
    Task<PairwiseVerdict?> JudgeAsync(PairwiseQuestion question, CancellationToken cancellationToken);
}
