namespace SafeRlhfV.Guard;

/// <summary>A moderator that judges one side, among others that judge the other one: it finds nothing where it cannot look.</summary>
internal sealed class OneSidedModerator : IComposedModerator
{
    private readonly IModerator inner;

    private OneSidedModerator(IModerator inner) => this.inner = inner;

    public string Name => inner.Name;

    public IReadOnlyList<IModerator> Parts => [inner];

    public bool Judges(GuardSide side) => inner.Judges(side);

    public bool SeesImages => inner.SeesImages;

    /// <summary>Wraps a moderator that does not judge both sides; another one stays as it is.</summary>
    public static IModerator Wrap(IModerator moderator) => moderator.Judges(GuardSide.Prompt) && moderator.Judges(GuardSide.Answer)
        ? moderator
        : new OneSidedModerator(moderator);

    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        int[] asked = [.. Enumerable.Range(0, requests.Count).Where(i => Judges(requests[i].Side))];
        Verdict[] verdicts = [.. Enumerable.Repeat(Verdict.Safe(Name), requests.Count)];
        if (asked.Length == 0) return verdicts;
        IReadOnlyList<Verdict> found = await inner.ModerateAsync([.. asked.Select(i => requests[i])], cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < asked.Length; i++) verdicts[asked[i]] = found[i];
        return verdicts;
    }
}
