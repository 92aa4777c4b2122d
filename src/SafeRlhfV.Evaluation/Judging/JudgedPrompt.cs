namespace SafeRlhfV.Evaluation;

/// <summary>A held-out prompt with the answer to be judged and the one to judge it against.</summary>
/// <param name="Id">A key of the prompt.</param>
/// <param name="Category">Its category.</param>
/// <param name="Image">Its image; null where there is none.</param>
/// <param name="Question">Its question.</param>
/// <param name="Candidate">The answer to be judged.</param>
/// <param name="Baseline">The answer of the model to beat.</param>
/// <param name="Sample">Which of several answers to the prompt; all have its key.</param>
public sealed record JudgedPrompt(string Id, string Category, EncodedImage? Image, string Question, string Candidate, string Baseline, int Sample = 0);
