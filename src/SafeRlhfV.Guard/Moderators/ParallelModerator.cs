namespace SafeRlhfV.Guard;

/// <summary>Asks several moderators at once; content is unsafe where any finds it so, and blocked where any fails.</summary>
public sealed class ParallelModerator : INonBlockingModerator
{
    private readonly IReadOnlyList<IModerator> _moderators;

    /// <summary>Creates the moderator.</summary>
    /// <param name="moderators">At least one.</param>
    /// <param name="timeout">The time-out of each, as in <see cref="FailClosedModerator"/>.</param>
    public ParallelModerator(IEnumerable<IModerator> moderators, TimeSpan? timeout = null)
    {
        _moderators = [.. moderators.Select(moderator => moderator.FailClosed(timeout))];
        if (_moderators.Count == 0) throw new ArgumentException("At least one moderator is needed.", nameof(moderators));
        Name = string.Join("+", _moderators.Select(moderator => moderator.Name));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<Verdict>[] found = await Task.WhenAll(_moderators.Select(moderator => moderator.ModerateAsync(requests, cancellationToken))).ConfigureAwait(false);
        return [.. Enumerable.Range(0, requests.Count).Select(i => Strictest([.. found.Select(verdicts => verdicts[i])], Name))];
    }

    /// <summary>One verdict that holds what any of several found: the highest probabilities, all flags, the gravest severity, the first failure.</summary>
    public static Verdict Strictest(IReadOnlyList<Verdict> verdicts, string name)
    {
        if (verdicts.Count == 1) return verdicts[0];
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
            Reason = verdicts.Where(verdict => verdict.IsUnsafe).Select(verdict => verdict.Reason).FirstOrDefault(reason => reason is not null),
            Failure = verdicts.Select(verdict => verdict.Failure).FirstOrDefault(failure => failure is not null),
        };
    }
}
