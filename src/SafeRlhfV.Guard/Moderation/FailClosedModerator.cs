namespace SafeRlhfV.Guard;

/// <summary>
/// Turns everything that can go wrong in a moderator (an exception, a time-out, too few verdicts, unsound probabilities) into
/// <see cref="Verdict.Failed"/>, which is never let through. Only the caller's own cancellation is thrown on.
/// </summary>
/// <remarks>
/// Where a batch throws, its halves are asked again, so that one poisonous request blocks itself and not its neighbours.
/// One time limit stands over all of it: what is not judged by then is blocked.
/// </remarks>
public sealed class FailClosedModerator : INonBlockingModerator
{
    private const int LongestAtOnce = 65_536; // characters; a longer text is judged under the time limit
    private readonly IModerator inner;
    private readonly TimeSpan timeout;

    /// <summary>Wraps a moderator.</summary>
    /// <param name="inner">The moderator.</param>
    /// <param name="timeout">The longest that judging one request may take, 30 s by default; every further request of a batch adds a second.</param>
    public FailClosedModerator(IModerator inner, TimeSpan? timeout = null)
    {
        this.inner = inner;
        this.timeout = timeout ?? TimeSpan.FromSeconds(30);
        if (this.timeout <= TimeSpan.Zero && this.timeout != Timeout.InfiniteTimeSpan)
            throw new ArgumentOutOfRangeException(nameof(timeout), "The time-out must be positive.");
    }

    /// <summary>The moderator that it watches.</summary>
    internal IModerator Inner => inner;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => inner.Judges(side);

    /// <inheritdoc/>
    public bool SeesImages => inner.SeesImages;

    /// <inheritdoc/>
    public bool IsImmediate => inner is INonBlockingModerator { IsImmediate: true };

    /// <inheritdoc/>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default) =>
        inner is not IComposedModerator && requests.Count > 0 && GuardTelemetry.IsWatched
            ? GuardTelemetry.AskAsync(inner, requests, () => AskAsync(requests, cancellationToken))
            : AskAsync(requests, cancellationToken);

    private Task<IReadOnlyList<Verdict>> AskAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken) =>
        IsImmediate && !requests.Any(IsLong) && AtOnce(requests, cancellationToken) is { } judged ? judged : JudgeAsync(requests, cancellationToken);

    private static bool IsLong(ModerationRequest request) => (request.Response ?? request.Question).Length > LongestAtOnce;

    // What has judged already needs no clock. Null where anything is amiss: then it is asked again under full watch.
    private Task<IReadOnlyList<Verdict>>? AtOnce(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken)
    {
        try
        {
            Task<IReadOnlyList<Verdict>> asked = inner.ModerateAsync(requests, cancellationToken);
            if (!asked.IsCompletedSuccessfully) return null;
            IReadOnlyList<Verdict>? found = TaskResult.Of(asked);
            if (found is null || found.Count != requests.Count) return null;
            for (int i = 0; i < found.Count; i++)
                if (found[i] is not { } verdict || verdict.FindFault() is not null) return null;
            return asked;
        }
        catch (Exception)
        {
            return null;
        }
    }

    private async Task<IReadOnlyList<Verdict>> JudgeAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken)
    {
        if (requests.Count == 0) return [];
        Verdict[] verdicts = new Verdict[requests.Count];
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (timeout != Timeout.InfiniteTimeSpan) limit.CancelAfter(timeout + TimeSpan.FromSeconds(requests.Count - 1));
        await FillAsync(requests, verdicts, 0, limit.Token, cancellationToken).ConfigureAwait(false);
        return verdicts;
    }

    private async Task FillAsync(IReadOnlyList<ModerationRequest> requests, Verdict[] verdicts, int start, CancellationToken limit,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string? failure;
        bool mayAskHalves = false;
        try
        {
            // WaitAsync: a moderator that ignores its token must not hold the answer either. Task.Run: nor one that blocks the thread.
            Task<IReadOnlyList<Verdict>> asked = inner is INonBlockingModerator
                ? inner.ModerateAsync(requests, limit)
                : Task.Run(() => inner.ModerateAsync(requests, limit), limit);
            IReadOnlyList<Verdict> found = await (asked.IsCompleted ? asked : asked.WaitAsync(limit)).ConfigureAwait(false);
            if (found is not null && found.Count == requests.Count)
            {
                for (int i = 0; i < found.Count; i++) verdicts[start + i] = Sound(found[i]);
                return;
            }
            failure = $"gave {found?.Count ?? 0} verdicts for {requests.Count} requests";
            mayAskHalves = true;
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            failure = $"did not answer in time ({timeout.TotalSeconds:0.###} s for one request)";
        }
        catch (Exception error)
        {
            failure = ErrorText.FirstLine(error);
            mayAskHalves = true;
        }

        if (mayAskHalves && requests.Count > 1)
        {
            int half = requests.Count / 2;
            await FillAsync([.. requests.Take(half)], verdicts, start, limit, cancellationToken).ConfigureAwait(false);
            await FillAsync([.. requests.Skip(half)], verdicts, start + half, limit, cancellationToken).ConfigureAwait(false);
            return;
        }
        for (int i = 0; i < requests.Count; i++) verdicts[start + i] = Verdict.Failed(Name, failure);
    }

    private Verdict Sound(Verdict? verdict) =>
        verdict is null ? Verdict.Failed(Name, "gave no verdict") : verdict.FindFault() is { } fault
            ? Verdict.Failed(Name, $"unsound verdict: {fault}")
            : verdict;
}
