namespace SafeRlhfV.Guard;

/// <summary>
/// Lets moderators of texts judge the words in images: by themselves, and after the question, since each may be harmless without the other. Images without
/// words are safe as far as this goes.
/// </summary>
/// <param name="reader">Reads the images.</param>
/// <param name="texts">Who judges the texts; asked for with each call, so that it may be what this is a part of.</param>
/// <param name="owned">What is disposed with the moderator, such as the reader.</param>
public sealed class ImageTextModerator(IImageTextReader reader, Func<IModerator> texts, IDisposable? owned = null) : IModerator, IDisposable
{
    private readonly RecentResults<IReadOnlyList<string>> read = new(1000); // while an answer streams, its prompt's images come again and again

    /// <inheritdoc/>
    public string Name => reader.Name;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Verdict[] verdicts = new Verdict[requests.Count];
        for (int i = 0; i < verdicts.Length; i++) verdicts[i] = await JudgeAsync(requests[i], cancellationToken).ConfigureAwait(false);
        return verdicts;
    }

    /// <summary>Frees what the moderator owns.</summary>
    public void Dispose() => owned?.Dispose();

    private async Task<Verdict> JudgeAsync(ModerationRequest request, CancellationToken cancellationToken)
    {
        IReadOnlyList<string>[] found =
            await Task.WhenAll(request.Images.Select(image => ReadAsync(image, cancellationToken))).ConfigureAwait(false);
        string[] words = [.. found.SelectMany(one => one).Distinct()];
        if (words.Length == 0) return Verdict.Safe(Name);
        ModerationRequest[] asked = request.Response is null
            ? [.. words.Select(text => new ModerationRequest(text)),
                .. words.Where(_ => request.Question.Length > 0).Select(text => new ModerationRequest($"{request.Question}\n{text}"))]
            : [.. words.Select(text => new ModerationRequest(request.Question, text))];
        IModerator judge = texts();
        asked = [.. asked.Where(one => judge.Judges(one.Side))];
        if (asked.Length == 0) return Verdict.Safe(Name);
        Verdict verdict = ParallelModerator.Strictest(await judge.ModerateAsync(asked, cancellationToken).ConfigureAwait(false), Name);
        return verdict.IsUnsafe ? verdict with { Moderator = Name, Reason = verdict.Reason ?? "words in an image" } : verdict;
    }

    private async Task<IReadOnlyList<string>> ReadAsync(ModerationImage image, CancellationToken cancellationToken)
    {
        if (image.Address is not null) throw new InvalidOperationException($"{Name} cannot see what is behind {image.Address}: give the image's bytes.");
        string key = RequestHash.Of(image);
        if (read.Find(key) is { } known) return known;
        IReadOnlyList<string> words = await reader.ReadAsync(image, cancellationToken).ConfigureAwait(false);
        read.Add(key, words);
        return words;
    }
}
