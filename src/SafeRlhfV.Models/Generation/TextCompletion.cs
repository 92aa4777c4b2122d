namespace SafeRlhfV.Models;

/// <summary>One answer.</summary>
/// <param name="Prompt">Which prompt, from 0.</param>
/// <param name="Sample">Which of its answers, from 0.</param>
/// <param name="Text">Its text, trimmed, without end token and stop string.</param>
/// <param name="Ids">Its tokens, the end token or those of the stop string among them.</param>
/// <param name="LogProbs">log p of each token if asked for.</param>
/// <param name="Finish">Why it ended.</param>
/// <param name="StopString">The stop string that ended it, if one did.</param>
public sealed record TextCompletion(int Prompt, int Sample, string Text, IReadOnlyList<int> Ids, IReadOnlyList<float>? LogProbs, FinishReason Finish,
    string? StopString)
{
    /// <summary>What the model thought before it answered, trimmed; null = it is none that reasons. It is no part of <see cref="Text"/>.</summary>
    public string? Reasoning { get; init; }
}
