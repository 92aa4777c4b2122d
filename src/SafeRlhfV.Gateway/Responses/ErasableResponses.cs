using System.Data.Common;
using Microsoft.Extensions.Hosting;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Responses in this process's memory beside an audit trail: what is erased of the trail (<c>audit forget</c>, by another process) is forgotten here too,
/// before the next response is given, and within ten seconds in any case.
/// </summary>
internal sealed class ErasableResponses(RememberedResponses kept, AuditReader trail, string chain, TimeProvider clock) : BackgroundService, IKeptResponses
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private readonly SemaphoreSlim gate = new(1);
    private long? seen; // the trail's last record that was looked at

    public async ValueTask KeepAsync(KeptResponse response, CancellationToken cancellationToken)
    {
        if (seen is null) await LookAsync(cancellationToken);
        await kept.KeepAsync(response, cancellationToken);
    }

    public async ValueTask<KeptResponse?> FindAsync(string owner, string id, CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        return await kept.FindAsync(owner, id, cancellationToken);
    }

    public async ValueTask<IReadOnlyList<byte[]>?> TurnsAsync(string owner, string id, CancellationToken cancellationToken)
    {
        await LookAsync(cancellationToken);
        return await kept.TurnsAsync(owner, id, cancellationToken);
    }

    public ValueTask<bool> ForgetAsync(string owner, string id, CancellationToken cancellationToken) => kept.ForgetAsync(owner, id, cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using PeriodicTimer timer = new(Interval, clock);
        try
        {
            do
            {
                try
                {
                    await LookAsync(stoppingToken);
                }
                catch (ApiException)
                {
                    // until then nothing is given
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // the gateway ends
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            (IReadOnlyList<string> erased, long last) = await trail.ErasedAfterAsync(chain, seen, cancellationToken);
            if (erased.Count > 0) kept.Forget(erased.Select(ResponseStore.NameOf).ToHashSet());
            seen = last;
        }
        catch (Exception error) when (error is DbException or IOException or TimeoutException)
        {
            throw new ApiException(503, "server_error", "Whether the response was erased cannot be seen: the audit trail is not available; try again soon.",
                "store_unavailable")
            { RetryAfter = TimeSpan.FromSeconds(1) };
        }
        finally
        {
            gate.Release();
        }
    }
}
