using System.Globalization;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Notices when the gateway's moderator fails and when it judges again: tells the operator, in a line every ten seconds at most, and <c>/readyz</c>.
/// </summary>
/// <param name="inner">The moderator; it fails closed, so that a failure is a verdict.</param>
/// <param name="log">The log.</param>
/// <param name="clock">The clock.</param>
internal sealed partial class WatchedModerator(IModerator inner, ILogger<WatchedModerator> log, TimeProvider clock) : INonBlockingModerator
{
    private readonly FailureWatch watch = new(clock);
    private long probes;
    private volatile bool isProved;

    /// <inheritdoc/>
    public string Name => inner.Name;

    /// <inheritdoc/>
    public bool IsImmediate => inner is INonBlockingModerator { IsImmediate: true };

    /// <summary>Whether it failed the last time it was asked.</summary>
    public bool IsFailing => watch.IsFailing;

    /// <inheritdoc/>
    public bool Judges(GuardSide side) => inner.Judges(side);

    /// <inheritdoc/>
    public bool SeesImages => inner.SeesImages;

    /// <inheritdoc/>
    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        Task<IReadOnlyList<Verdict>> asked = inner.ModerateAsync(requests, cancellationToken);
        if (!asked.IsCompletedSuccessfully) return WatchAsync(asked);
        Watch(TaskResult.Of(asked)!);
        return asked;
    }

    /// <summary>Whether it judges: asks it where it failed the last time, or has not been asked yet.</summary>
    public async Task<bool> ProbeAsync(CancellationToken cancellationToken)
    {
        if (isProved && !IsFailing) return true;
        string text = string.Create(CultureInfo.InvariantCulture, $"ready {Interlocked.Increment(ref probes)}"); // another each time: verdicts are remembered
        await ModerateAsync([new ModerationRequest(text)], cancellationToken);
        return !IsFailing;
    }

    private async Task<IReadOnlyList<Verdict>> WatchAsync(Task<IReadOnlyList<Verdict>> asked)
    {
        IReadOnlyList<Verdict> verdicts = await asked.ConfigureAwait(false);
        Watch(verdicts);
        return verdicts;
    }

    private void Watch(IReadOnlyList<Verdict> verdicts)
    {
        Verdict? failed = null;
        foreach (Verdict verdict in verdicts)
            if (verdict.Failure is not null) failed = verdict;
        if (failed is not null)
        {
            if (watch.Failed()) LogFailure(failed.Moderator, failed.Failure!);
            return;
        }
        bool recovered = watch.Worked();
        if (!isProved && (recovered || verdicts.Count > 0)) isProved = true;
        if (recovered) LogRecovery();
    }

    [LoggerMessage(LogLevel.Error, "Requests are refused: the moderator '{Moderator}' does not judge ({Fault})")]
    private partial void LogFailure(string moderator, string fault);

    [LoggerMessage(LogLevel.Warning, "The moderators judge again.")]
    private partial void LogRecovery();
}
