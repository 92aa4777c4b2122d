namespace SafeRlhfV.Guard;

/// <summary>
/// Asks all moderators that judge a request's side at once; content is unsafe where any finds it so, and blocked where any fails or none judges its side.
/// </summary>
public sealed class ParallelModerator : INonBlockingModerator, IComposedModerator
{
    private readonly IReadOnlyList<IModerator> moderators;

    /// <summary>Creates the moderator.</summary>
    /// <param name="moderators">At least one.</param>
    /// <param name="timeout">The time-out of each that is not composed of others, as in <see cref="FailClosedModerator"/>.</param>
    public ParallelModerator(IEnumerable<IModerator> moderators, TimeSpan? timeout = null)
    {
        this.moderators = [.. moderators.Select(moderator => OneSidedModerator.Wrap(moderator.FailClosedPart(timeout)))];
        if (this.moderators.Count == 0) throw new ArgumentException("At least one moderator is needed.", nameof(moderators));
        IsImmediate = this.moderators.All(moderator => moderator is INonBlockingModerator { IsImmediate: true });
        Name = string.Join("+", this.moderators.Select(moderator => moderator.Name));
    }

    /// <inheritdoc/>
    public string Name { get; }

    IReadOnlyList<IModerator> IComposedModerator.Parts => moderators;

    /// <inheritdoc/>
    public bool IsImmediate { get; }

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => moderators.Any(moderator => moderator.Judges(side));

    /// <inheritdoc/>
    public bool SeesImages => moderators.Any(moderator => moderator.SeesImages);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        if (requests.FirstOrDefault(request => !Judges(request.Side)) is { } unjudged)
            throw new InvalidOperationException($"none of {Name} judges {(unjudged.Side == GuardSide.Prompt ? "prompts" : "answers")}.");
        Task<IReadOnlyList<Verdict>>[] asked = new Task<IReadOnlyList<Verdict>>[moderators.Count];
        bool isDone = true;
        for (int i = 0; i < asked.Length; i++)
        {
            asked[i] = moderators[i].ModerateAsync(requests, cancellationToken);
            isDone &= asked[i].IsCompletedSuccessfully;
        }
        return asked.Length == 1 ? asked[0] : isDone ? Task.FromResult(Join(asked, requests.Count)) : JoinAsync(asked, requests.Count);
    }

    private async Task<IReadOnlyList<Verdict>> JoinAsync(Task<IReadOnlyList<Verdict>>[] asked, int requests)
    {
        await Task.WhenAll(asked).ConfigureAwait(false);
        return Join(asked, requests);
    }

    private IReadOnlyList<Verdict> Join(Task<IReadOnlyList<Verdict>>[] ended, int requests)
    {
        Verdict[] joined = new Verdict[requests], found = new Verdict[ended.Length];
        for (int i = 0; i < requests; i++)
        {
            for (int k = 0; k < found.Length; k++) found[k] = TaskResult.Of(ended[k])[i];
            joined[i] = Strictest(found, Name);
        }
        return joined;
    }

    /// <summary>One verdict that holds what any of several found: the highest probabilities, all flags, the gravest severity, the first failure.</summary>
    public static Verdict Strictest(IReadOnlyList<Verdict> verdicts, string name)
    {
        if (verdicts.Count == 1) return verdicts[0];
        if (AllClean(verdicts) is { } clean) return clean with { Moderator = name };
        Dictionary<string, double> categories = [];
        foreach ((string category, double value) in verdicts.SelectMany(verdict => verdict.Categories))
            categories[category] = Math.Max(value, categories.GetValueOrDefault(category));
        Verdict gravest = verdicts.MaxBy(verdict => (verdict.Severity, verdict.Score))!;
        return new()
        {
            IsUnsafe = verdicts.Any(verdict => verdict.IsUnsafe),
            Score = verdicts.Max(verdict => verdict.Score),
            Categories = categories,
            Flagged = [.. verdicts.SelectMany(verdict => verdict.Flagged).Distinct()],
            Severity = gravest.Severity,
            SeverityProbabilities = gravest.SeverityProbabilities,
            Moderator = name,
            WithoutOwn = verdicts.Any(verdict => verdict.WithoutOwn is not null)
                ? Strictest([.. verdicts.Select(verdict => verdict.WithoutOwn ?? verdict)], name) : null,
            IsUnreadable = verdicts.Any(verdict => verdict.IsUnreadable),
            Reason = verdicts.Where(verdict => verdict.IsUnsafe).OrderByDescending(verdict => verdict.IsUnreadable)
                .Select(verdict => verdict.Reason).FirstOrDefault(reason => reason is not null),
            Failure = verdicts.Select(verdict => verdict.Failure).FirstOrDefault(failure => failure is not null),
        };
    }

    // The common case at little cost: all safe, and nobody named a category. Gives the one with the highest score.
    private static Verdict? AllClean(IReadOnlyList<Verdict> verdicts)
    {
        Verdict highest = verdicts[0];
        for (int i = 0; i < verdicts.Count; i++)
        {
            Verdict verdict = verdicts[i];
            if (verdict.IsUnsafe || verdict.Severity != Severity.None || verdict.Categories.Count > 0 || verdict.Flagged.Count > 0
                || verdict.Failure is not null) return null;
            if (verdict.Score > highest.Score) highest = verdict;
        }
        return highest;
    }
}
