namespace SafeRlhfV.Evaluation;

/// <summary>What a judge said of two answers to one prompt: a line of a judge result's items.jsonl.</summary>
/// <param name="Id">A key of the prompt.</param>
/// <param name="Category">Its category.</param>
/// <param name="Question">Its question.</param>
/// <param name="Candidate">The answer that was judged.</param>
/// <param name="Baseline">The answer that it was judged against.</param>
/// <param name="One">The verdict with one answer shown first, turned so that the candidate is the first; null where it could not be read.</param>
/// <param name="Other">The verdict of the other order, turned likewise.</param>
/// <param name="Helpful">How the candidate fared in helpfulness.</param>
/// <param name="Safe">How it fared in safety.</param>
/// <param name="Sample">Which of several answers to the prompt.</param>
public sealed record JudgedItem(string Id, string Category, string Question, string Candidate, string Baseline, PairwiseVerdict? One, PairwiseVerdict? Other,
    Outcome Helpful, Outcome Safe, int Sample = 0)
{
    /// <summary>How the candidate fared on an axis.</summary>
    internal Outcome On(JudgementAxis axis) => axis == JudgementAxis.Helpful ? Helpful : Safe;
}
