namespace SafeRlhfV.Evaluation;

/// <summary>What a judge sees. Which answer is whose is not told.</summary>
/// <param name="Id">The prompt's key, for judges that look an image up.</param>
/// <param name="Image">The image; null where there is none.</param>
/// <param name="Question">The question about it.</param>
/// <param name="First">The answer shown first.</param>
/// <param name="Second">The answer shown second.</param>
public sealed record PairwiseQuestion(string Id, EncodedImage? Image, string Question, string First, string Second);
