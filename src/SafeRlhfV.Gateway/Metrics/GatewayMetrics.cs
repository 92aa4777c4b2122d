using System.Diagnostics.Metrics;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// What the gateway counts, as instruments of the meter <c>SafeRlhfV.Gateway</c>, which OpenTelemetry can follow; <c>/metrics</c> shows them to Prometheus.
/// </summary>
internal sealed class GatewayMetrics : IDisposable
{
    public const string MeterName = "SafeRlhfV.Gateway";
    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _responses, _outcomes, _flagged, _rounds;
    private readonly Histogram<double> _duration, _moderation;
    private readonly UpDownCounter<long> _open;

    public GatewayMetrics()
    {
        _responses = _meter.CreateCounter<long>("gateway_responses_total", description: "Responses by route and status.");
        _outcomes = _meter.CreateCounter<long>("gateway_outcomes_total", description: "Guarded requests by outcome.");
        _flagged = _meter.CreateCounter<long>("gateway_flagged_total", description: "Unsafe verdicts by side, category and severity.");
        _rounds = _meter.CreateCounter<long>("gateway_rounds_total", description: "Answers drafted.");
        _duration = _meter.CreateHistogram<double>("gateway_request_seconds", "s", "Time of guarded requests.");
        _moderation = _meter.CreateHistogram<double>("gateway_moderation_seconds", "s", "Time that moderation took of a guarded request.");
        _open = _meter.CreateUpDownCounter<long>("gateway_open_requests", description: "Requests under way.");
        Text = new(_meter);
    }

    /// <summary>The page for Prometheus.</summary>
    public PrometheusText Text { get; }

    public void Opened() => _open.Add(1);

    public void Closed(string route, int status)
    {
        _open.Add(-1);
        _responses.Add(1, new("route", route), new("status", status.ToString()));
    }

    public void Ended(GuardReport report)
    {
        _outcomes.Add(1, new KeyValuePair<string, object?>("outcome", report.Outcome.ToString()));
        _rounds.Add(report.Rounds.Count);
        _duration.Record(report.Duration.TotalSeconds);
        _moderation.Record(report.ModerationTime.TotalSeconds);
        if (report.PromptDecision is { } prompt) Flag("prompt", prompt.Verdict);
        foreach (RegenerationRound round in report.Rounds) Flag("answer", round.Verdict);
    }

    public void Dispose()
    {
        Text.Dispose();
        _meter.Dispose();
    }

    private void Flag(string side, Verdict verdict)
    {
        if (!verdict.IsUnsafe) return;
        string severity = verdict.Severity.ToString();
        IEnumerable<string> categories = verdict.Failure is not null ? ["(moderator failed)"] : verdict.Flagged.Count == 0 ? ["(none)"] : verdict.Flagged;
        foreach (string category in categories) _flagged.Add(1, new("side", side), new("category", category), new("severity", severity));
    }
}
