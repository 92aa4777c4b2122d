using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Tells the operator why requests are refused while the audit trail does not record, and when it does again. A line every ten seconds at most.
/// </summary>
internal sealed partial class LoggedObserver(IGuardObserver inner, ILogger<LoggedObserver> log, TimeProvider clock) : IGuardObserver
{
    private readonly FailureWatch watch = new(clock);

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
            if (watch.Failed()) LogFailure(error.GetType().Name, error.Message);
            throw;
        }
        if (watch.Worked()) LogRecovery();
    }

    [LoggerMessage(LogLevel.Error, "Requests are refused: the audit trail does not record ({Kind}: {Fault})")]
    private partial void LogFailure(string kind, string fault);

    [LoggerMessage(LogLevel.Warning, "The audit trail records again.")]
    private partial void LogRecovery();
}
