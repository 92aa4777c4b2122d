using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary><c>GET /readyz</c>: whether the gateway can answer and should be sent requests.</summary>
internal sealed class Readiness(
    IServiceProvider services, GatewaySettings settings, ModelTable models, PolicyFile? policy, Replication? replicas, TimeProvider clock)
{
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(1); // whoever asks more often is told what was found last
    private readonly AuditTrail? audit = services.GetService<AuditTrail>();
    private readonly WatchedModerator moderator = services.GetRequiredService<WatchedModerator>();
    private readonly KeyFile? keyFile = services.GetService<KeyFile>();
    private readonly Drain drain = services.GetRequiredService<Drain>();
    private readonly SemaphoreSlim gate = new(1);
    private (bool Audit, bool Moderator, long At)? found;

    public async Task InvokeAsync(HttpContext http)
    {
        IReadOnlyList<string> unavailable = models.Unavailable;
        JsonObject parts = new() { ["upstreams"] = unavailable.Count == 0 ? "ok" : models.IsAvailable ? "partly unavailable" : "unavailable" };
        if (unavailable.Count > 0) parts["unavailable_models"] = new JsonArray([.. unavailable.Select(name => (JsonNode)name)]);
        if (policy is not null)
        {
            parts["policy_version"] = policy.Current.Version;
            parts["policy"] = policy.LastFault is null ? "ok" : "the changed file has faults; the policy before it is in force";
        }
        if (keyFile is not null) parts["keys"] = keyFile.Fault is null ? "ok" : "the changed file has faults; the keys before it are in force";
        replicas?.Describe(parts, services);
        (bool records, bool judges) = await ProbeAsync(http.RequestAborted);
        if (audit is not null) parts["audit"] = records ? "ok" : "unavailable";
        parts["moderators"] = judges ? "ok" : "failing";
        bool isReady = models.IsAvailable && records && judges && !drain.IsDraining;
        http.Response.StatusCode = isReady ? 200 : 503;
        await JsonReply.WriteAsync(http, new JsonObject { ["status"] = isReady ? "ready" : drain.IsDraining ? "draining" : "not ready", ["parts"] = parts });
    }

    private async Task<(bool Audit, bool Moderator)> ProbeAsync(CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            if (found is { } last && clock.GetElapsedTime(last.At) < Fresh && last is { Audit: true, Moderator: true } && !moderator.IsFailing
                && audit is not { IsFailing: true })
                return (true, true);
            Task<bool> records = RecordsAsync(cancellationToken), judges = moderator.ProbeAsync(cancellationToken);
            found = (await records, await judges, clock.GetTimestamp());
            return (found.Value.Audit, found.Value.Moderator);
        }
        finally
        {
            gate.Release();
        }
    }

    // Reading alone would not find a full disk.
    private async Task<bool> RecordsAsync(CancellationToken cancellationToken)
    {
        if (audit is null) return true;
        try
        {
            using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(settings.Audit.Timeout);
            await audit.ProbeAsync(limit.Token).WaitAsync(limit.Token);
            return true;
        }
        catch (Exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return false;
        }
    }
}
