namespace SafeRlhfV.Training;

/// <summary>A response that an engine sampled.</summary>
/// <param name="Response">Its token ids, the end token among them.</param>
/// <param name="EngineLogProbs">log μ of each token, as the engine reports it.</param>
/// <param name="Ended">Whether it ended by itself, and not at the maximum length.</param>
public sealed record Rollout(int[] Response, float[] EngineLogProbs, bool Ended);
