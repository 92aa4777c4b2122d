namespace SafeRlhfV.Guard;

/// <summary>Asks cheap moderators first and dear ones only about what is still in doubt. The last stage decides; a failure at any stage blocks.</summary>
public sealed class CascadedModerator : INonBlockingModerator
{
    private readonly IReadOnlyList<CascadeStage> _stages;

    /// <summary>Creates the cascade.</summary>
    /// <param name="stages">At least one, the cheapest first.</param>
    /// <param name="timeout">The time-out of each, as in <see cref="FailClosedModerator"/>.</param>
    public CascadedModerator(IEnumerable<CascadeStage> stages, TimeSpan? timeout = null)
    {
        _stages = [.. stages.Select(stage => stage with { Moderator = stage.Moderator.FailClosed(timeout) })];
        if (_stages.Count == 0) throw new ArgumentException("At least one stage is needed.", nameof(stages));
        Name = string.Join(">", _stages.Select(stage => stage.Moderator.Name));
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict[] verdicts = new Verdict[requests.Count];
        int[] open = [.. Enumerable.Range(0, requests.Count)];
        foreach (CascadeStage stage in _stages)
        {
            if (open.Length == 0) break;
            IReadOnlyList<Verdict> found = await stage.Moderator.ModerateAsync([.. open.Select(i => requests[i])], cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < open.Length; i++) verdicts[open[i]] = found[i];
            open = [.. open.Where(i => !IsFinal(stage, verdicts[i]))];
        }
        return verdicts;
    }

    private static bool IsFinal(CascadeStage stage, Verdict verdict) =>
        verdict.Failure is not null || (verdict.IsUnsafe ? verdict.Score >= stage.SureUnsafe : verdict.Score <= stage.SureSafe);
}
