namespace SafeRlhfV.Guard;

/// <summary>Conveniences over <see cref="IModerator"/>.</summary>
public static class ModeratorExtensions
{
    /// <summary>Judges one request.</summary>
    public static async Task<Verdict> ModerateAsync(this IModerator moderator, ModerationRequest request, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<Verdict> verdicts = await moderator.ModerateAsync([request], cancellationToken).ConfigureAwait(false);
        return verdicts.Count == 1 ? verdicts[0] : throw new InvalidOperationException($"{moderator.Name} gave {verdicts.Count} verdicts for one request.");
    }

    /// <summary>Wraps the moderator so that every failure becomes a blocking verdict. What is wrapped already stays as it is.</summary>
    public static IModerator FailClosed(this IModerator moderator, TimeSpan? timeout = null) =>
        moderator as FailClosedModerator ?? new FailClosedModerator(moderator, timeout);
}
