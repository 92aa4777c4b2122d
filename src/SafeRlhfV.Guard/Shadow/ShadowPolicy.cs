using System.Threading.Channels;

namespace SafeRlhfV.Guard;

/// <summary>
/// A policy that runs beside the one in force: after a request has ended it decides anew about the same verdicts, with its own rules, thresholds and the words
/// and patterns of its own categories, and tells what it would have done. No answer waits for it, or changes by it.
/// </summary>
/// <remarks>
/// Moderators are not asked again. What the policy in force refused or redacted is judged as it was recorded; answers that it never let a model give, or that
/// the shadow policy would have had drafted anew, are not known. A backlog of more than 10,000 requests is dropped and counted.
/// </remarks>
public sealed class ShadowPolicy : IAsyncDisposable
{
    private readonly Func<GuardPolicy> policy;
    private readonly Func<ShadowReport, ValueTask> observe;
    private readonly Channel<GuardReport> queue = Channel.CreateBounded<GuardReport>(10_000);
    private readonly Task loop;
    private (GuardPolicy Policy, PatternModerator? Own)? known;
    private long dropped, failed;

    /// <summary>Starts it.</summary>
    /// <param name="policy">The shadow policy, asked for with each request.</param>
    /// <param name="observe">Is told what it would have done, one request after the other.</param>
    public ShadowPolicy(Func<GuardPolicy> policy, Func<ShadowReport, ValueTask> observe)
    {
        (this.policy, this.observe) = (policy, observe);
        loop = Task.Run(RunAsync);
    }

    /// <summary>How many requests were left out, because too many waited.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    /// <summary>How many requests could not be decided or told.</summary>
    public long Failed => Interlocked.Read(ref failed);

    /// <summary>Decides what waits, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        queue.Writer.TryComplete();
        await loop.ConfigureAwait(false);
    }

    internal void Add(GuardReport report)
    {
        if (queue.Writer.TryWrite(report)) return;
        Interlocked.Increment(ref dropped);
        GuardTelemetry.ShadowLost("dropped");
    }

    private async Task RunAsync()
    {
        await foreach (GuardReport report in queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                await observe(await DecideAsync(policy(), report).ConfigureAwait(false)).ConfigureAwait(false);
            }
            catch (Exception)
            {
                Interlocked.Increment(ref failed); // a shadow does not stop what is in force
                GuardTelemetry.ShadowLost("failed");
            }
        }
    }

    private async Task<ShadowReport> DecideAsync(GuardPolicy shadow, GuardReport report)
    {
        if (!ReferenceEquals(known?.Policy, shadow)) known = (shadow, PatternModerator.For(shadow));
        List<ShadowDecision> decisions = [];
        if (report.PromptDecision is { } prompt)
            decisions.Add(new(GuardSide.Prompt, 0, prompt, await DecideAsync(shadow, report.Judged ?? report.Prompt, prompt, report).ConfigureAwait(false)));
        foreach (RegenerationRound round in report.Rounds)
        {
            ModerationRequest answer = report.Prompt.WithResponse(round.Answer);
            decisions.Add(new(GuardSide.Answer, round.Round, round.Decision,
                await DecideAsync(shadow, answer, round.Decision, report).ConfigureAwait(false)));
        }
        return new(report, shadow.Version, decisions);
    }

    private async Task<GuardDecision> DecideAsync(GuardPolicy shadow, ModerationRequest judged, GuardDecision inForce, GuardReport report)
    {
        bool redacts = false;
        if (inForce.Side == GuardSide.Prompt && shadow.RedactionFor(report.Context) is { } redaction)
        {
            // What the policy in force has redacted already is a placeholder now.
            Placeholders placeholders = new(redaction);
            judged = judged with { Question = placeholders.Redact(judged.Question) };
            redacts = placeholders.Counts.Count > 0 || report.Redacted.Keys.Any(kind => redaction.Kinds.Any(one => one.Name == kind));
        }
        Verdict verdict = inForce.Judged ?? inForce.Verdict;
        verdict = verdict.WithoutOwn ?? verdict; // the words of the policy in force are not the shadow policy's
        if (known!.Value.Own is { } own && verdict.Failure is null)
            verdict = ParallelModerator.Strictest([verdict, await own.ModerateAsync(judged).ConfigureAwait(false)], verdict.Moderator);
        GuardDecision decision = shadow.Decide(verdict, inForce.Side, report.Context).For(report.BlocksFlagged(inForce.Side));
        return redacts && decision.Action == GuardAction.Allow ? decision with { Action = GuardAction.Redact } : decision;
    }
}
