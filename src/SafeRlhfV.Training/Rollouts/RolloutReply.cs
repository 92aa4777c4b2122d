namespace SafeRlhfV.Training;

/// <summary>What a server sampled, as it says it.</summary>
/// <param name="Prompt">The ids that it gave its model for the prompt.</param>
/// <param name="Ids">The sampled ids, the end token among them.</param>
/// <param name="LogProbs">A log-probability each.</param>
/// <param name="Finish">Why it ended: stop, length, or something else.</param>
internal sealed record RolloutReply(int[] Prompt, int[] Ids, float[] LogProbs, string Finish);
