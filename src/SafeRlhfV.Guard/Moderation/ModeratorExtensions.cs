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

    /// <summary>
    /// Wraps a part of a composed moderator: only what judges itself is wrapped, so that a chain has one wrapper for each of its ends, however deep it is.
    /// Whoever uses the whole chain wraps it once more (<see cref="GuardedChatClient"/> does).
    /// </summary>
    internal static IModerator FailClosedPart(this IModerator moderator, TimeSpan? timeout) =>
        IsClosed(moderator) ? moderator : new FailClosedModerator(moderator, timeout);

    private static bool IsClosed(IModerator moderator) =>
        moderator is FailClosedModerator || (moderator is IComposedModerator composed && composed.Parts.All(IsClosed));
}
