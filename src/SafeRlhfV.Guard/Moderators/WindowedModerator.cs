namespace SafeRlhfV.Guard;

/// <summary>
/// Judges long texts in windows that overlap, and several images one by one, so that nothing is refused, or read with less care, for its length alone. The
/// strictest verdict of the parts is the request's. Put around a <see cref="CachedModerator"/>, parts that come again are remembered.
/// </summary>
public sealed class WindowedModerator : INonBlockingModerator, IComposedModerator
{
    private readonly IModerator inner;
    private readonly int characters;
    private readonly int overlap;

    /// <summary>Wraps a moderator.</summary>
    /// <param name="inner">Who judges each part.</param>
    /// <param name="characters">The most characters of a window.</param>
    /// <param name="overlap">How many characters a window shares with the next: what is shorter stands in one of them whole.</param>
    public WindowedModerator(IModerator inner, int characters = 12_000, int overlap = 1000)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(characters);
        ArgumentOutOfRangeException.ThrowIfNegative(overlap);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(overlap, characters - 2, nameof(overlap)); // each window moves on, by a pair of surrogates at least
        (this.inner, this.characters, this.overlap) = (inner.FailClosedPart(null), characters, overlap);
    }

    /// <inheritdoc/>
    public string Name => inner.Name;

    IReadOnlyList<IModerator> IComposedModerator.Parts => [inner];

    /// <inheritdoc/>
    public bool IsImmediate => inner is INonBlockingModerator { IsImmediate: true };

    /// <inheritdoc/>
    public bool SeesImages => inner.SeesImages;

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => inner.Judges(side);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
        requests.Any(IsLarge) ? SplitAsync(requests, cancellationToken) : inner.ModerateAsync(requests, cancellationToken);

    private async Task<IReadOnlyList<Verdict>> SplitAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken)
    {
        ModerationRequest[][] parts = [.. requests.Select(request => IsLarge(request) ? Parts(request) : [request])];
        IReadOnlyList<Verdict> found = await inner.ModerateAsync([.. parts.SelectMany(part => part)], cancellationToken).ConfigureAwait(false);
        int expected = parts.Sum(part => part.Length);
        if (found.Count != expected) throw new InvalidOperationException($"{Name} gave {found.Count} verdicts for {expected} requests.");
        Verdict[] verdicts = new Verdict[requests.Count];
        for (int i = 0, at = 0; i < verdicts.Length; at += parts[i++].Length)
            verdicts[i] = parts[i].Length == 1 ? found[at] : ParallelModerator.Strictest([.. found.Skip(at).Take(parts[i].Length)], Name);
        return verdicts;
    }

    private bool IsLarge(ModerationRequest request) =>
        request.Images.Count > 1 || request.Question.Length > characters || request.Response?.Length > characters;

    // Each window once, and each image once: with the first window, since most questions are short.
    private ModerationRequest[] Parts(ModerationRequest request)
    {
        string question = request.Response is null ? request.Question : Tail(request.Question); // a long question was judged as a prompt
        ModerationRequest[] windows = request.Response is { } response
            ? [.. Windows(response).Select(window => request with { Question = question, Response = window })]
            : [.. Windows(question).Select(window => request with { Question = window })];
        if (request.Images.Count == 0) return windows;
        return
        [
            .. request.Images.Select(image => windows[0] with { Images = [image] }),
            .. windows.Skip(1).Select(window => window with { Images = [] }),
        ];
    }

    private string Tail(string text)
    {
        int start = Math.Max(0, text.Length - characters);
        return SurrogatePairs.AreParted(text, start) ? text[(start + 1)..] : text[start..];
    }

    private IEnumerable<string> Windows(string text)
    {
        int start = 0;
        while (true)
        {
            int end = Math.Min(start + characters, text.Length);
            if (SurrogatePairs.AreParted(text, end)) end++; // no letter is cut in half
            yield return text[start..end];
            if (end == text.Length) yield break;
            start = end - overlap;
            if (SurrogatePairs.AreParted(text, start)) start--;
        }
    }
}
