namespace SafeRlhfV.Guard.Tests;

/// <summary>A moderator whose verdicts a test writes; it records what it was asked.</summary>
internal sealed class ScriptedModerator(Func<ModerationRequest, Verdict> judge) : IModerator
{
    public List<IReadOnlyList<ModerationRequest>> Calls { get; } = [];

    public string Name => "scripted";

    /// <summary>Set where it judges answers alone, as a guard that was trained on them.</summary>
    public bool AnswersOnly { get; init; }

    public bool Judges(GuardSide side) => !AnswersOnly || side == GuardSide.Answer;

    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        lock (Calls) Calls.Add(requests);
        if (requests.Any(request => !Judges(request.Side))) throw new InvalidOperationException("asked about a prompt");
        return Task.FromResult<IReadOnlyList<Verdict>>([.. requests.Select(judge)]);
    }

    /// <summary>Unsafe where the judged text holds the word.</summary>
    public static ScriptedModerator Finds(string word, Severity severity = Severity.Moderate, string category = "dangerous_behavior") => new(request =>
        (request.Response ?? request.Question).Contains(word, StringComparison.Ordinal)
            ? Verdict.Unsafe("scripted", severity, [category], 0.9)
            : Verdict.Safe("scripted", 0.1));
}
