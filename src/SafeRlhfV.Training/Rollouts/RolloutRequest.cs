namespace SafeRlhfV.Training;

/// <summary>A prompt to be answered by a server.</summary>
/// <param name="Prompt">Our own encoding: ids up to where the answer begins, image tokens expanded.</param>
/// <param name="Messages">The same as messages.</param>
/// <param name="Seed">Decides the answer, as far as a server repeats itself.</param>
/// <param name="MaxTokens">Most tokens of the answer.</param>
/// <param name="Temperature">The sampling temperature.</param>
internal sealed record RolloutRequest(int[] Prompt, IReadOnlyList<ServerMessage> Messages, long Seed, int MaxTokens, double Temperature);
