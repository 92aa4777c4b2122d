using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Keeps the audit trail: deletes what is past its time, once an hour, and, where gateways have a chain each, anchors the chains. Of gateways on one database
/// one does it, the leader; when it ends, another takes over at its next turn.
/// </summary>
internal sealed partial class AuditKeeper(AuditTrail trail, AuditLeader leader, AuditSettings settings, TimeSpan? anchor, TimeProvider clock,
    ILogger<AuditKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Retention = TimeSpan.FromHours(1);

    private volatile bool leads;

    /// <summary>Whether this gateway was the leader at its last turn.</summary>
    public bool Leads => leads;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        bool deletes = settings.RecordRetention is not null || settings.ContentRetention is not null;
        if (!deletes && anchor is null) return;
        DateTimeOffset nextRetention = DateTimeOffset.MinValue;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                leads = await leader.TryLeadAsync(stoppingToken);
                if (leads && anchor is not null) await trail.AnchorAsync(stoppingToken);
                if (leads && deletes && clock.GetUtcNow() >= nextRetention)
                {
                    await trail.ApplyRetentionAsync(stoppingToken);
                    nextRetention = clock.GetUtcNow() + Retention;
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                leads = false;
                LogFailure(error.GetType().Name, anchor ?? Retention);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(anchor ?? Retention, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Warning, "The audit trail could not be anchored, or old records not deleted ({Kind}); trying again in {Wait}.")]
    private partial void LogFailure(string kind, TimeSpan wait);
}
