using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>Deletes audit records and contents that are past their time, once an hour.</summary>
internal sealed partial class RetentionService(AuditTrail trail, AuditSettings settings, ILogger<RetentionService> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.RecordRetention is null && settings.ContentRetention is null) return;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await trail.ApplyRetentionAsync(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailure(error.GetType().Name);
            }
            await Task.Delay(TimeSpan.FromHours(1), stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Old audit records could not be deleted ({Kind}); trying again in an hour.")]
    private partial void LogFailure(string kind);
}
