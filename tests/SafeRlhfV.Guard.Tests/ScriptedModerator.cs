namespace SafeRlhfV.Guard.Tests;

/// <summary>A moderator whose verdicts a test writes; it records what it was asked.</summary>
internal sealed class ScriptedModerator(Func<ModerationRequest, Verdict> judge) : IModerator
{
    public List<IReadOnlyList<ModerationRequest>> Calls { get; } = [];

    public string Name => "scripted";

    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        lock (Calls) Calls.Add(requests);
        return Task.FromResult<IReadOnlyList<Verdict>>([.. requests.Select(judge)]);
    }

    /// <summary>Unsafe where the judged text holds the word.</summary>
    public static ScriptedModerator Finds(string word, Severity severity = Severity.Moderate, string category = "dangerous_behavior") => new(request =>
        (request.Response ?? request.Question).Contains(word, StringComparison.Ordinal) ? Verdict.Unsafe("scripted", severity, [category], 0.9) : Verdict.Safe("scripted", 0.1));
}
