using System.Text.Json.Nodes;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Counts what a shadow policy would have done, and records the requests of which it would have made something else.</summary>
internal sealed class ShadowRecord(GatewayMetrics metrics, AuditTrail? trail)
{
    public async ValueTask TellAsync(ShadowReport shadow)
    {
        foreach (ShadowDecision decision in shadow.Decisions) metrics.Shadowed(decision);
        if (!shadow.Differs || trail is null) return;
        JsonArray decisions = [.. shadow.Decisions.Select(decision => (JsonNode)new JsonObject
        {
            ["side"] = decision.Side.ToString(),
            ["round"] = decision.Round,
            ["inForce"] = decision.InForce.Action.ToString(),
            ["shadow"] = decision.Shadow.Action.ToString(),
            ["decidedBy"] = new JsonArray([.. decision.Shadow.DecidedBy.Select(name => JsonValue.Create(name))]),
            ["flagged"] = new JsonArray([.. decision.Shadow.Verdict.Flagged.Select(name => JsonValue.Create(name))]),
        })];
        await trail.RecordAsync("shadow", shadow.Report.Id,
            [new("policy", shadow.Report.PolicyVersion), new("shadowPolicy", shadow.PolicyVersion), new("decisions", decisions)]).ConfigureAwait(false);
    }
}
