namespace SafeRlhfV.Annotation;

/// <summary>What a labelling job would ask for, before anything is asked. Tokens are estimated from a sample of the rows.</summary>
/// <param name="Pairs">Pairs to label.</param>
/// <param name="Shards">Shards that workers share.</param>
/// <param name="Calls">Judgements, replies that cannot be read aside.</param>
/// <param name="InputTokens">Tokens that all judgements ask: a quarter of the letters, and a token for 28 x 28 pixels of the image.</param>
/// <param name="OutputTokens">Tokens that they answer, 120 each.</param>
/// <param name="GpuDays">Days of one GPU at so many tokens a second.</param>
/// <param name="TokensPerSecond">Tokens a second of one GPU, asked and answered together.</param>
/// <param name="Cost">The cost at the settings' prices.</param>
public sealed record LabellingPlan(long Pairs, int Shards, long Calls, long InputTokens, long OutputTokens, double GpuDays, double TokensPerSecond,
    double Cost);
