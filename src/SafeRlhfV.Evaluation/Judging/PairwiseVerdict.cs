namespace SafeRlhfV.Evaluation;

/// <summary>A judge's verdict: both ratings of each answer, and two preferences.</summary>
/// <param name="First">Ratings of the answer shown first.</param>
/// <param name="Second">Ratings of the answer shown second.</param>
/// <param name="MoreHelpful">Which is more helpful, safety left out of account.</param>
/// <param name="Safer">Which is safer.</param>
public sealed record PairwiseVerdict(AnswerRating First, AnswerRating Second, Preference MoreHelpful, Preference Safer);
