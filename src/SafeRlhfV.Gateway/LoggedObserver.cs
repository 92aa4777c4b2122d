using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Tells the operator why requests are refused while the audit trail does not record, and when it does again. A line every ten seconds at most.
/// </summary>
internal sealed partial class LoggedObserver(IGuardObserver inner, ILogger<LoggedObserver> log, TimeProvider clock) : IGuardObserver
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(10);
    private readonly Lock gate = new();
    private long? told;
    private bool failing;

    /// <inheritdoc/>
    public ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken) =>
        WatchAsync(inner.PromptDecidedAsync(report, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken) => WatchAsync(inner.EndedAsync(report, cancellationToken),
        cancellationToken);

    private async ValueTask WatchAsync(ValueTask recorded, CancellationToken cancellationToken)
    {
        try
        {
            await recorded.ConfigureAwait(false);
        }
        catch (Exception error)
        {
            cancellationToken.ThrowIfCancellationRequested(); // a caller who left says nothing about the trail
            Failed(error);
            throw;
        }
        if (Volatile.Read(ref failing)) Recovered();
    }

    private void Failed(Exception error)
    {
        lock (gate)
        {
            failing = true;
            if (told is { } before && clock.GetElapsedTime(before) < Quiet) return;
            told = clock.GetTimestamp();
        }
        LogFailure(error.GetType().Name, error.Message);
    }

    private void Recovered()
    {
        lock (gate)
        {
            if (!failing) return;
            (failing, told) = (false, null);
        }
        LogRecovery();
    }

    [LoggerMessage(LogLevel.Error, "Requests are refused: the audit trail does not record ({Kind}: {Fault})")]
    private partial void LogFailure(string kind, string fault);

    [LoggerMessage(LogLevel.Warning, "The audit trail records again.")]
    private partial void LogRecovery();
}
