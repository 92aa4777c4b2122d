using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Counts the requests that give their caller no report: those that he abandoned, and those where the model failed.</summary>
internal sealed class MeteredObserver(IGuardObserver? inner, GatewayMetrics metrics) : IGuardObserver
{
    /// <inheritdoc/>
    public ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken) =>
        inner?.PromptDecidedAsync(report, cancellationToken) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken)
    {
        if (report.Outcome is GuardOutcome.ModelFailed or GuardOutcome.Abandoned) metrics.Ended(report);
        return inner?.EndedAsync(report, cancellationToken) ?? ValueTask.CompletedTask;
    }
}
