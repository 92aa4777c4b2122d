using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace SafeRlhfV.Guard;

/// <summary>
/// What the guard tells OpenTelemetry: a span <c>run_guardrail NAME</c> for each moderator that was asked, an event <c>gen_ai.security.finding</c> on the span
/// around it for each decision about unsafe content, and figures. Names follow the semantic conventions for generative AI (gen_ai.run_guardrail.internal and
/// .client, in development). Nothing is made where nobody listens.
/// </summary>
public static class GuardTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string SourceName = "SafeRlhfV.Guard";

    private static readonly ActivitySource Source = new(SourceName);
    private static readonly Meter Figures = new(SourceName);

    private static readonly Histogram<double> Moderation =
        Figures.CreateHistogram<double>("saferlhfv.guard.moderation.duration", "s", "Time of one question to a moderator.");

    private static readonly Counter<long> Decisions =
        Figures.CreateCounter<long>("saferlhfv.guard.decisions", "{decision}", "Decisions by side, action and severity.");

    private static readonly Counter<long> Lost =
        Figures.CreateCounter<long>("saferlhfv.guard.shadow.lost", "{request}", "Requests that a shadow policy has dropped, or failed to decide or tell.");

    /// <summary>
    /// Whether judged texts and the words of moderators stand in spans and events. False unless the environment variable
    /// OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT is "true".
    /// </summary>
    public static bool EnableSensitiveData { get; set; } =
        string.Equals(Environment.GetEnvironmentVariable("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether anybody looks at what moderators do.</summary>
    internal static bool IsWatched => Moderation.Enabled || Source.HasListeners();

    /// <summary>Counts a request that a shadow policy has not told of.</summary>
    internal static void ShadowLost(string why) => Lost.Add(1, new KeyValuePair<string, object?>("reason", why));

    /// <summary>Asks a moderator within a span.</summary>
    internal static async Task<IReadOnlyList<Verdict>> AskAsync(IModerator moderator, IReadOnlyList<ModerationRequest> requests,
        Func<Task<IReadOnlyList<Verdict>>> ask)
    {
        Uri? address = (moderator as IRemoteModerator)?.Address;
        long started = Stopwatch.GetTimestamp();
        using Activity? span = Source.StartActivity($"run_guardrail {moderator.Name}", address is null ? ActivityKind.Internal : ActivityKind.Client);
        string? error = null;
        try
        {
            IReadOnlyList<Verdict> verdicts = await ask().ConfigureAwait(false);
            if (verdicts.Any(verdict => verdict.Failure is not null)) error = "moderator_failed";
            if (span is not null) Describe(span, moderator, address, requests, verdicts);
            return verdicts;
        }
        catch (Exception fault)
        {
            error = fault.GetType().FullName;
            throw;
        }
        finally
        {
            if (error is not null) span?.SetStatus(ActivityStatusCode.Error).SetTag("error.type", error);
            TagList tags = new() { { "gen_ai.security.guardrail.name", moderator.Name } };
            if (error is not null) tags.Add("error.type", error);
            Moderation.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, tags);
        }
    }

    /// <summary>Tells of a decision.</summary>
    internal static void Decided(GuardDecision decision, GuardContext context)
    {
        Verdict verdict = decision.Verdict;
        if (Decisions.Enabled)
        {
            Decisions.Add(1, new("gen_ai.security.target.type", Target(decision.Side)), new("gen_ai.security.action.type", Action(decision.Action)),
                new("saferlhfv.guard.severity", Lower(verdict.Severity)));
        }
        if (!verdict.IsUnsafe || Activity.Current is not { IsAllDataRequested: true } span) return;
        foreach (string category in verdict.Flagged.DefaultIfEmpty(verdict.Failure is null ? "unsafe" : "moderator_failed"))
        {
            ActivityTagsCollection tags = new()
            {
                ["gen_ai.security.policy.id"] = decision.PolicyVersion,
                ["gen_ai.security.risk.finding"] = category,
                ["gen_ai.security.risk.score"] = verdict.Categories.GetValueOrDefault(category, verdict.Score),
                ["gen_ai.security.target.type"] = Target(decision.Side),
                ["gen_ai.security.action.type"] = Action(decision.Action),
                ["gen_ai.security.guardrail.name"] = verdict.Moderator,
                ["gen_ai.security.verdict.type"] = decision.Passes ? "allow" : "deny",
                ["saferlhfv.guard.severity"] = Lower(verdict.Severity),
            };
            if (decision.DecidedBy.Contains(category)) tags["gen_ai.security.policy.rule.id"] = category;
            if (context.Route is not null) tags["gen_ai.security.target.id"] = context.Route;
            if (EnableSensitiveData && verdict.Reason is not null) tags["gen_ai.security.verdict.reason"] = verdict.Reason;
            span.AddEvent(new("gen_ai.security.finding", tags: tags));
        }
    }

    private static void Describe(Activity span, IModerator moderator, Uri? address, IReadOnlyList<ModerationRequest> requests, IReadOnlyList<Verdict> verdicts)
    {
        if (!span.IsAllDataRequested || verdicts.Count == 0) return;
        Verdict verdict = ParallelModerator.Strictest(verdicts, moderator.Name);
        span.SetTag("gen_ai.operation.name", "run_guardrail")
            .SetTag("gen_ai.security.guardrail.name", moderator.Name)
            .SetTag("gen_ai.security.target.type", Target(requests[0].Side))
            .SetTag("gen_ai.security.verdict.type", verdict.IsUnsafe ? "deny" : "allow")
            .SetTag("gen_ai.security.risk.score", verdict.Score)
            .SetTag("saferlhfv.guard.severity", Lower(verdict.Severity));
        if (verdict.Flagged.Count > 0) span.SetTag("gen_ai.security.risk.finding", string.Join(",", verdict.Flagged));
        if (address is not null) span.SetTag("server.address", address.Host).SetTag("server.port", address.Port);
        if (!EnableSensitiveData) return;
        string[] judged = [.. requests.Select(request => request.Response ?? request.Question)];
        span.SetTag("gen_ai.security.content.input.value", string.Join('\n', judged));
        if ((verdict.Failure ?? verdict.Reason) is { } reason) span.SetTag("gen_ai.security.verdict.reason", reason);
    }

    private static string Target(GuardSide side) => side == GuardSide.Prompt ? "llm_input" : "llm_output";

    private static string Action(GuardAction action) => action switch
    {
        GuardAction.Allow => "allow",
        GuardAction.AllowWithNotice => "warn",
        GuardAction.Regenerate => "regenerate",
        _ => "block",
    };

    private static string Lower(Severity severity) => severity.ToString().ToLowerInvariant();
}
