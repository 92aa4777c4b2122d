namespace SafeRlhfV.Guard;

/// <summary>
/// A published guard model as a moderator: its profile says how it is asked and read. The score is the probability of the unsafe label at its first token,
/// where the model gives probabilities. An answer that cannot be read is an error, and so blocks.
/// </summary>
public sealed class TemplateModerator : IRemoteModerator, IDisposable
{
    private readonly IGuardModel model;
    private readonly GuardProfile profile;
    private readonly TemplateOptions options;
    private readonly IDisposable? owned;
    private readonly IReadOnlyList<(string? Name, string? Text)> policies;
    private readonly RecentResults<Verdict> images = new();

    /// <summary>Creates the moderator.</summary>
    /// <param name="model">The model.</param>
    /// <param name="profile">Which guard it is.</param>
    /// <param name="options">Its settings.</param>
    /// <param name="owned">What is disposed with the moderator, such as a local checkpoint.</param>
    /// <exception cref="InvalidInputException">The options choose a policy that is not known.</exception>
    public TemplateModerator(IGuardModel model, GuardProfile profile, TemplateOptions? options = null, IDisposable? owned = null)
    {
        (this.model, this.profile, this.options, this.owned) = (model, profile, options ?? new(), owned);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(this.options.Parallel);
        Name = this.options.Name ?? profile.Names[0];
        policies = GuardQuestions.Of(profile, model, this.options);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool SeesImages => profile.SeesImages;

    /// <inheritdoc/>
    public Uri? Address => (model as EndpointGuardModel)?.Address;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict[] verdicts = new Verdict[requests.Count];
        ParallelOptions parallel = new() { MaxDegreeOfParallelism = options.Parallel, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, verdicts.Length, parallel,
            async (i, token) => verdicts[i] = await JudgeSafelyAsync(requests[i], token).ConfigureAwait(false)).ConfigureAwait(false);
        return verdicts;
    }

    /// <summary>Frees what the moderator owns.</summary>
    public void Dispose() => owned?.Dispose();

    // one unreadable answer fails its own request, not its neighbours
    private async Task<Verdict> JudgeSafelyAsync(ModerationRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return profile.JudgesImagesAlone
                ? await JudgeImagesAsync(request, cancellationToken).ConfigureAwait(false)
                : await JudgeAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            cancellationToken.ThrowIfCancellationRequested(); // whatever a cancelled call fails with
            return Verdict.Failed(Name, ErrorText.FirstLine(error));
        }
    }

    // while an answer streams, its prompt's images come again and again
    private async Task<Verdict> JudgeImagesAsync(ModerationRequest request, CancellationToken cancellationToken)
    {
        List<Verdict> found = [];
        foreach (ModerationImage image in request.Images)
        {
            string key = RequestHash.Of(image);
            Verdict? verdict = image.Address is null ? images.Find(key) : null;
            verdict ??= await JudgeAsync(new ModerationRequest([image], ""), cancellationToken).ConfigureAwait(false);
            if (image.Address is null) images.Add(key, verdict);
            found.Add(verdict);
        }
        return found.Count == 0 ? Verdict.Safe(Name) : ParallelModerator.Strictest(found, Name);
    }

    private async Task<Verdict> JudgeAsync(ModerationRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<GuardModelReply> replies = await model.AskAllAsync(
            [.. policies.Select(policy => profile.Ask(request, options.Template, policy.Text))], options.MaxTokens ?? profile.MaxTokens,
            cancellationToken).ConfigureAwait(false);
        Verdict[] verdicts = [.. replies.Zip(policies, (reply, policy) => Read(reply, request, policy.Name))];
        return verdicts.Length == 1 ? verdicts[0] : ParallelModerator.Strictest([.. verdicts], Name);
    }

    private Verdict Read(GuardModelReply reply, ModerationRequest request, string? policy)
    {
        GuardReading reading = profile.Read(reply.Text, request.Side);
        double score = LabelScore.Of(reply, reading.LabelAt, profile.Labels) ?? (reading.IsUnsafe ? 1 : 0);
        if (!reading.IsUnsafe) return Verdict.Safe(Name, score) with { Reason = reading.Reason };
        (string? Category, Severity Severity)[] found = [.. (policy is null ? reading.Codes : [policy]).Select(Meaning)];
        Severity severity = reading.Severity ?? found.Select(one => one.Severity).DefaultIfEmpty(Severity.Moderate).Max();
        return Verdict.Unsafe(Name, severity, [.. found.Select(one => one.Category).OfType<string>()], score, reading.Reason);
    }

    // A code that nobody knows has no category, but is as grave as one without a word about it: a milder code beside it does not make it mild.
    private (string? Category, Severity Severity) Meaning(string said)
    {
        string code = options.Categories.Keys.Concat(profile.Categories.Keys)
            .FirstOrDefault(one => one.Equals(said, StringComparison.OrdinalIgnoreCase)) ?? said;
        (string? category, Severity severity) = profile.Categories.TryGetValue(code, out (string Category, Severity Severity) known)
            ? known
            : (null, Severity.Moderate);
        return (options.Categories.GetValueOrDefault(code) ?? category, severity);
    }
}
