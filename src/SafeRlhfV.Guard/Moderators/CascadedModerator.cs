namespace SafeRlhfV.Guard;

/// <summary>
/// Asks cheap moderators first and expensive ones only about what is still in doubt. The last stage that judges a request's side decides; a failure at any
/// stage blocks, and so does a side that no stage judges.
/// </summary>
public sealed class CascadedModerator : INonBlockingModerator, IComposedModerator
{
    private readonly IReadOnlyList<CascadeStage> stages;

    /// <summary>Creates the cascade.</summary>
    /// <param name="stages">At least one, the cheapest first.</param>
    /// <param name="timeout">The time-out of each that is not composed of others, as in <see cref="FailClosedModerator"/>.</param>
    public CascadedModerator(IEnumerable<CascadeStage> stages, TimeSpan? timeout = null)
    {
        this.stages = [.. stages.Select(stage => stage with { Moderator = stage.Moderator.FailClosedPart(timeout) })];
        if (this.stages.Count == 0) throw new ArgumentException("At least one stage is needed.", nameof(stages));
        Name = string.Join(">", this.stages.Select(stage => stage.Moderator.Name));
    }

    /// <inheritdoc/>
    public string Name { get; }

    IReadOnlyList<IModerator> IComposedModerator.Parts => [.. stages.Select(stage => stage.Moderator)];

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => stages.Any(stage => stage.Moderator.Judges(side));

    /// <inheritdoc/>
    public bool SeesImages => stages.Any(stage => stage.Moderator.SeesImages);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict?[] verdicts = new Verdict?[requests.Count];
        HashSet<int> open = [.. Enumerable.Range(0, requests.Count)];
        foreach (CascadeStage stage in stages)
        {
            int[] asked = [.. open.Where(i => stage.Moderator.Judges(requests[i].Side))];
            if (asked.Length == 0) continue;
            IReadOnlyList<Verdict> found = await stage.Moderator.ModerateAsync([.. asked.Select(i => requests[i])], cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < asked.Length; i++) verdicts[asked[i]] = found[i];
            open.ExceptWith(asked.Where(i => IsFinal(stage, verdicts[i]!)));
        }
        return [.. verdicts.Select((verdict, i) =>
            verdict ?? Verdict.Failed(Name, $"no moderator judges {(requests[i].Side == GuardSide.Prompt ? "prompts" : "answers")}"))];
    }

    private static bool IsFinal(CascadeStage stage, Verdict verdict) =>
        verdict.Failure is not null || (verdict.IsUnsafe ? verdict.Score >= stage.SureUnsafe : verdict.Score <= stage.SureSafe);
}
