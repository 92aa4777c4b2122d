namespace SafeRlhfV.Training;

/// <summary>What a sample takes of a batch.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Prompt">Tokens of the longest prompt.</param>
/// <param name="Response">Tokens of the longest answer.</param>
/// <param name="Filled">Tokens of all rows that are no padding.</param>
public readonly record struct SampleSize(int Rows, int Prompt, int Response, int Filled);
