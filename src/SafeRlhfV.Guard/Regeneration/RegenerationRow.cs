namespace SafeRlhfV.Guard;

/// <summary>A prompt that still needs an answer.</summary>
/// <param name="Index">Its index among the prompts of the call.</param>
/// <param name="Prompt">The prompt.</param>
/// <param name="Last">The round before, with the verdict to feed back; null in round 0.</param>
public sealed record RegenerationRow(int Index, ModerationRequest Prompt, RegenerationRound? Last)
{
    /// <summary>What to tell the model before it answers again; null in round 0.</summary>
    public string? Feedback => Last is null ? null : PolicyTexts.Feedback(Last.Verdict);
}
