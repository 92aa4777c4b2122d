namespace SafeRlhfV.Guard;

/// <summary>A moderator that knows injections, such as a classifier in ONNX, as a judge of them: its score of the text as a prompt counts.</summary>
/// <param name="moderator">The moderator; not disposed.</param>
public sealed class ModeratorInjectionJudge(IModerator moderator) : IInjectionJudge
{
    /// <inheritdoc/>
    public string Name => moderator.Name;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<double>> ScoreAsync(IReadOnlyList<InjectionText> texts, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<Verdict> verdicts =
            await moderator.ModerateAsync([.. texts.Select(text => new ModerationRequest(text.Text))], cancellationToken).ConfigureAwait(false);
        if (verdicts.FirstOrDefault(verdict => verdict.Failure is not null) is { } failed) throw new InvalidOperationException(failed.Failure);
        return [.. verdicts.Select(verdict => verdict.Score)];
    }
}
