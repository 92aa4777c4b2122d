using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Keeps the audit trail: deletes what is past its time, once an hour, signs checkpoints, and, where gateways have a chain each, anchors the chains. Of
/// gateways on one database one does it, the leader; when it ends, another takes over at its next turn.
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
        if (!deletes && anchor is null && settings.Signer is null) return;
        TimeSpan wait = anchor ?? Retention;
        if (settings.Signer is not null && settings.CheckpointEvery < wait) wait = settings.CheckpointEvery;
        long? retained = null, signed = null;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                leads = await leader.TryLeadAsync(stoppingToken);
                if (leads && anchor is not null) await trail.AnchorAsync(stoppingToken);
                if (leads && IsDue(signed, settings.CheckpointEvery))
                {
                    await trail.CheckpointAsync(stoppingToken);
                    signed = clock.GetTimestamp();
                }
                if (leads && deletes && IsDue(retained, Retention))
                {
                    await trail.ApplyRetentionAsync(stoppingToken);
                    if (trail.HeldBack is { } held) LogHeldBack(held);
                    retained = clock.GetTimestamp();
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                leads = false;
                LogFailure(error.GetType().Name, error.Message, wait);
            }
            catch (Exception) // stopped: whatever that made it fail with
            {
                return;
            }
            await Task.Delay(wait, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // By a clock that nobody sets: a wrong date neither hurries nor stops it.
    private bool IsDue(long? last, TimeSpan every) => last is not { } before || clock.GetElapsedTime(before) >= every;

    [LoggerMessage(LogLevel.Warning, "The audit trail could not be anchored, signed, or old records not deleted ({Kind}: {Fault}); trying again in {Wait}.")]
    private partial void LogFailure(string kind, string fault, TimeSpan wait);

    [LoggerMessage(LogLevel.Error, "Old audit records are not all deleted: {Why}.")]
    private partial void LogHeldBack(string why);
}
