namespace SafeRlhfV.Training;

/// <summary>What a sample takes of a batch.</summary>
/// <param name="Answers">How many answers its prompt has.</param>
/// <param name="Prompt">Tokens of the prompt.</param>
/// <param name="Response">Tokens of the longest answer.</param>
/// <param name="Filled">Tokens of prompt and answers together.</param>
public readonly record struct SampleSize(int Answers, int Prompt, int Response, int Filled)
{
    /// <summary>What it takes by itself: each answer is as wide as the longest.</summary>
    public int Tokens => Prompt + Answers * Response;
}
