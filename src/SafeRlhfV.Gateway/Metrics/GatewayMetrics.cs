using System.Diagnostics.Metrics;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// What the gateway counts, as instruments of the meter <c>SafeRlhfV.Gateway</c>, which OpenTelemetry can follow; <c>/metrics</c> shows them to Prometheus.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "SafeRlhfV.Gateway";
    private readonly Meter meter = new(MeterName);
    private readonly Counter<long> responses, outcomes, flagged, rounds, shadowed;
    private readonly Histogram<double> duration, moderation;
    private readonly UpDownCounter<long> open;

    public GatewayMetrics()
    {
        responses = meter.CreateCounter<long>("gateway_responses_total", description: "Responses by route and status.");
        outcomes = meter.CreateCounter<long>("gateway_outcomes_total", description: "Guarded requests by outcome.");
        flagged = meter.CreateCounter<long>("gateway_flagged_total", description: "Unsafe verdicts by side, category and severity.");
        shadowed = meter.CreateCounter<long>("gateway_shadow_total", description: "What a shadow policy would have done, beside what was done.");
        rounds = meter.CreateCounter<long>("gateway_rounds_total", description: "Answers drafted.");
        duration = meter.CreateHistogram<double>("gateway_request_seconds", "s", "Time of guarded requests.");
        moderation = meter.CreateHistogram<double>("gateway_moderation_seconds", "s", "Time that moderation took of a guarded request.");
        open = meter.CreateUpDownCounter<long>("gateway_open_requests", description: "Requests under way.");
        Text = new(meter);
    }

    /// <summary>The page for Prometheus.</summary>
    public PrometheusText Text { get; }

    public void Opened() => open.Add(1);

    public void Closed(string route, int status)
    {
        open.Add(-1);
        responses.Add(1, new("route", route), new("status", status.ToString()));
    }

    public void Ended(GuardReport report)
    {
        outcomes.Add(1, new KeyValuePair<string, object?>("outcome", report.Outcome.ToString()));
        rounds.Add(report.Rounds.Count);
        duration.Record(report.Duration.TotalSeconds);
        moderation.Record(report.ModerationTime.TotalSeconds);
        if (report.PromptDecision is { } prompt) Flag("prompt", prompt.Verdict);
        foreach (RegenerationRound round in report.Rounds) Flag("answer", round.Verdict);
    }

    /// <summary>Counts the requests that a shadow policy left out or could not decide.</summary>
    public void Watch(ShadowPolicy shadow)
    {
        meter.CreateObservableCounter("gateway_shadow_dropped_total", () => shadow.Dropped, description: "Requests that a shadow policy has left out.");
        meter.CreateObservableCounter("gateway_shadow_failed_total", () => shadow.Failed,
            description: "Requests that a shadow policy could not decide or record.");
    }

    public void Shadowed(ShadowDecision decision) => shadowed.Add(1, new("side", decision.Side == GuardSide.Prompt ? "prompt" : "answer"),
        new("in_force", decision.InForce.Action.ToString()), new("shadow", decision.Shadow.Action.ToString()));

    public void Dispose()
    {
        Text.Dispose();
        meter.Dispose();
    }

    private void Flag(string side, Verdict verdict)
    {
        if (!verdict.IsUnsafe) return;
        string severity = verdict.Severity.ToString();
        IEnumerable<string> categories = verdict.Failure is not null ? ["(moderator failed)"]
            : verdict.IsUnreadable ? ["(unreadable)"] : verdict.Flagged.Count == 0 ? ["(none)"] : verdict.Flagged;
        foreach (string category in categories) flagged.Add(1, new("side", side), new("category", category), new("severity", severity));
    }
}
