using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary><c>GET /readyz</c>: whether the gateway could answer, and should be asked.</summary>
internal sealed class Readiness(IServiceProvider services, GatewaySettings settings, ModelTable models, PolicyFile? policy, Replication? replicas)
{
    private readonly AuditReader? audit = services.GetService<AuditDatabase>() is { } audit ? new(audit) : null;
    private readonly Drain drain = services.GetRequiredService<Drain>();

    public async Task InvokeAsync(HttpContext http)
    {
        JsonObject parts = new() { ["upstreams"] = models.IsAvailable ? "ok" : "unavailable" };
        if (policy is not null)
        {
            parts["policy_version"] = policy.Current.Version;
            parts["policy"] = policy.LastFault is null ? "ok" : "the changed file has faults; the policy before it is in force";
        }
        replicas?.Describe(parts, services);
        bool isReady = models.IsAvailable && !drain.IsDraining;
        if (audit is not null)
        {
            try
            {
                using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
                limit.CancelAfter(settings.Audit.Timeout);
                await audit.LatestAsync(1, limit.Token);
                parts["audit"] = "ok";
            }
            catch (Exception) when (!http.RequestAborted.IsCancellationRequested)
            {
                parts["audit"] = "unavailable";
                isReady = false;
            }
        }
        http.Response.StatusCode = isReady ? 200 : 503;
        await JsonReply.WriteAsync(http, new JsonObject { ["status"] = isReady ? "ready" : drain.IsDraining ? "draining" : "not ready", ["parts"] = parts });
    }
}
