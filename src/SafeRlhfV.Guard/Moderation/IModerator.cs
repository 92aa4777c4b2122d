namespace SafeRlhfV.Guard;

/// <summary>Judges images and texts. Requests come in batches, since a local model judges many at once at little more than the price of one.</summary>
/// <remarks>Implementations may throw: callers wrap them in <see cref="FailClosedModerator"/>, which turns errors, time-outs and unsound verdicts into
/// blocks.</remarks>
public interface IModerator
{
    /// <summary>A short name for audit records, such as beaver-guard-v.</summary>
    string Name { get; }

    /// <summary>Whether it can judge this side: a guard that was trained on answers alone judges no prompts, and throws when it is asked to.</summary>
    bool Judges(GuardSide side) => true;

    /// <summary>Whether it looks at images; one that reads texts alone finds nothing in them.</summary>
    bool SeesImages => true;

    /// <summary>Judges every request: one verdict each, in the same order.</summary>
    Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default);
}
