namespace SafeRlhfV.Guard;

/// <summary>How filter-and-regenerate ended for one prompt, with every round.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Rounds">All the rounds, from 0; the last one is the answer that passed, or the last that did not.</param>
/// <param name="Answer">What may be shown: the answer that passed, or the refusal.</param>
public sealed record RegenerationResult(ModerationRequest Prompt, IReadOnlyList<RegenerationRound> Rounds, string Answer)
{
    /// <summary>The last round's decision.</summary>
    public GuardDecision Decision => Rounds[^1].Decision;

    /// <summary>Whether no answer passed, so that <see cref="Answer"/> is a refusal.</summary>
    public bool IsRefused => !Decision.Passes;

    /// <summary>The round whose answer passed, or null where none did.</summary>
    public int? PassedAtRound => IsRefused ? null : Rounds[^1].Round;

    /// <summary>The notice to show with the answer, or null.</summary>
    public string? Notice { get; init; }

    /// <summary>Whether, had the guard stopped after this round, what it had by then would still have been unsafe by its own verdict.</summary>
    public bool IsUnsafeAfter(int round) => !(PassedAtRound <= round);

    /// <summary>The answer as it stood after a round: that round's, or the last one before it. The refusal is never among them.</summary>
    public string AnswerAfter(int round) => Rounds[Math.Clamp(round, 0, Rounds.Count - 1)].Answer;
}
