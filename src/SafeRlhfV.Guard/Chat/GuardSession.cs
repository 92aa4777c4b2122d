using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>One guarded request: the policy it began with, its decisions, its times.</summary>
internal sealed class GuardSession
{
    private static readonly Verdict Nothing = Verdict.Safe("nothing-to-judge");
    private readonly GuardOptions options;
    private readonly IModerator moderator;
    private readonly IModerator promptModerator;
    private readonly PromptParts parts;
    private readonly List<RegenerationRound> rounds = [];
    private readonly long started;
    private readonly ObserverHealth health;
    private readonly ChatOptions? chatOptions;
    private readonly IReadOnlyList<ChatMessage> sent; // before anything was redacted
    private readonly Placeholders? placeholders;
    private readonly string? unredacted; // why the prompt could not be redacted
    private GuardReport report;
    private AnswerBuffer? draft; // of the last round
    private Task<bool>? recording;

    public GuardSession(GuardOptions options, IModerator moderator, IModerator promptModerator, ObserverHealth health, IReadOnlyList<ChatMessage> messages,
        ChatOptions? chatOptions)
    {
        (this.options, this.moderator, this.promptModerator, this.health, this.chatOptions) = (options, moderator, promptModerator, health, chatOptions);
        started = options.Clock.GetTimestamp();
        Policy = options.Policy();
        GuardContext context = options.Context(chatOptions);
        if (options.LeaveOutRefusedTurns && options.RefusedTurns is { } refused) messages = refused.Without(messages, context, TurnVersion);
        sent = messages;
        ModelOptions = chatOptions;
        try
        {
            if (Policy.RedactionFor(context) is { } redaction)
            {
                placeholders = new(redaction);
                messages = RedactedMessages.Of(messages, placeholders);
                ModelOptions = RedactedMessages.Of(chatOptions, placeholders);
            }
            parts = PromptParts.Of(messages, options, ModelOptions);
        }
        catch (RegexMatchTimeoutException)
        {
            unredacted = "a pattern of the policy took too long on the prompt";
            (messages, ModelOptions, parts) = ([], null, new(new(""), [], null)); // neither the model nor the record may have it
        }
        Asked = messages;
        report = new()
        {
            Id = options.RequestId(chatOptions) ?? Guid.CreateVersion7(options.Clock.GetUtcNow()).ToString("n"),
            Received = options.Clock.GetUtcNow(),
            Context = context,
            Prompt = parts.Prompt,
            PolicyVersion = Policy.Version,
            BlocksFlaggedPrompts = options.BlocksFlagged(chatOptions, GuardSide.Prompt),
            BlocksFlaggedAnswers = options.BlocksFlagged(chatOptions, GuardSide.Answer),
            Redacted = placeholders is null ? GuardReport.NothingRedacted : new Dictionary<string, int>(placeholders.Counts),
        };
    }

    public GuardPolicy Policy { get; }

    /// <summary>The messages for the model, with placeholders where the policy redacts.</summary>
    public IReadOnlyList<ChatMessage> Asked { get; }

    /// <summary>The options for the model.</summary>
    public ChatOptions? ModelOptions { get; }

    /// <summary>Puts back into an answer what was redacted.</summary>
    public RestoredAnswer Restoring() => new(placeholders, !ShowsNotices);

    public GuardReport Report => report;

    public bool HasEnded => report.Outcome is not null;

    /// <summary>
    /// Decides about the prompt and tells the observer; null where the model may be asked, else the refusal. The model is asked while the observer records,
    /// unless the observer failed the last time: what the model says leaves only after <see cref="IsRecordedAsync"/>.
    /// </summary>
    public async Task<string?> CheckPromptAsync(CancellationToken cancellationToken)
    {
        if (options.CheckPrompts || options.Injection is not null || unredacted is not null)
        {
            GuardDecision decision = await JudgePromptAsync(cancellationToken).ConfigureAwait(false); // changes the report too: not within the next line
            report = report with { PromptDecision = decision };
        }
        if (options.Observer is { } observer) recording = TryObserveAsync(() => observer.PromptDecidedAsync(report, cancellationToken));
        if ((recording is { IsCompleted: true } || health.IsFailing || report.PromptDecision is { Passes: false })
            && !await IsRecordedAsync().ConfigureAwait(false))
        {
            report = report with { Outcome = GuardOutcome.PromptRefused, Refusal = Policy.FailureRefusal, IsUnrecorded = true, Duration = Elapsed() };
            return report.Refusal;
        }
        if (report.PromptDecision is not { Passes: false } refused) return null;
        return await EndAsync(GuardOutcome.PromptRefused, Policy.RefusePrompt(refused.Verdict), null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the prompt's decision is recorded; waits for it.</summary>
    public async ValueTask<bool> IsRecordedAsync() => recording is null || await recording.ConfigureAwait(false);

    /// <summary>Decides about an answer, or the part of it that is known, and records it as the round's last decision.</summary>
    /// <param name="round">The round.</param>
    /// <param name="draft">The answer so far.</param>
    /// <param name="parts">What of it is to be judged now, each by itself; the strictest verdict counts.</param>
    /// <param name="generation">How long the model took so far.</param>
    /// <param name="cancellationToken">Cancels it.</param>
    public async Task<GuardDecision> JudgeAnswerAsync(int round, AnswerBuffer draft, IReadOnlyList<ChatContents> parts, TimeSpan generation,
        CancellationToken cancellationToken)
    {
        long started = options.Clock.GetTimestamp();
        Verdict verdict = draft.Unreadable is { } why
            ? Verdict.Unreadable(moderator.Name, why)
            : options.CheckAnswers ? await JudgeAsync(parts, cancellationToken).ConfigureAwait(false) : Nothing;
        TimeSpan moderation = options.Clock.GetElapsedTime(started);
        GuardDecision decision = Decide(verdict, GuardSide.Answer);
        if (rounds.Count == 0 || rounds[^1].Round != round) WriteDraft();
        this.draft = draft;
        RegenerationRound made = new(round, "", decision, generation, moderation);
        if (rounds.Count > 0 && rounds[^1].Round == round) rounds[^1] = made with { ModerationTime = rounds[^1].ModerationTime + moderation };
        else rounds.Add(made);
        report = report with { ModerationTime = report.ModerationTime + moderation };
        return decision;
    }

    /// <summary>The words put before an answer that passes with a notice, or null.</summary>
    public string? NoticeFor(GuardDecision decision)
    {
        if (decision.Action != GuardAction.AllowWithNotice || !options.AddNotices) return null;
        return Policy.Notice(decision.Verdict);
    }

    /// <summary>Whether notices may stand in the text: not where a program reads it as JSON. The report has them in any case.</summary>
    public bool ShowsNotices => chatOptions?.ResponseFormat is not ChatResponseFormatJson;

    /// <summary>The notice for a prompt that passed with one, or null.</summary>
    public string? PromptNotice => report.PromptDecision is { } decision ? NoticeFor(decision) : null;

    /// <summary>The refusal after the last round.</summary>
    public string RefuseAnswer(GuardDecision decision) => Policy.RefuseAnswer(decision.Verdict, rounds.Count);

    /// <summary>Ends the request and tells the observer before anything leaves. Where it cannot be told, the answer becomes a refusal.</summary>
    /// <returns>The refusal to show, or null where the answer may leave.</returns>
    public async Task<string?> EndAsync(GuardOutcome outcome, string? refusal, string? notice, CancellationToken cancellationToken)
    {
        Debug.Assert(!HasEnded);
        if (recording is { IsCompleted: true } && !await recording.ConfigureAwait(false))
            (outcome, refusal, notice) = (Unrecorded(outcome), Policy.FailureRefusal, null);
        WriteDraft();
        report = report with { Outcome = outcome, Refusal = refusal, Notice = notice, Rounds = [.. rounds], Duration = Elapsed() };

        // Both records may wait for one flush; the answer waits for both.
        bool isTold = options.Observer is not { } observer
            || await TryObserveAsync(() => observer.EndedAsync(report, cancellationToken)).ConfigureAwait(false);
        if (!await IsRecordedAsync().ConfigureAwait(false) || !isTold)
            report = report with { Outcome = Unrecorded(outcome), Refusal = Policy.FailureRefusal, IsUnrecorded = true };
        options.Shadow?.Add(report);
        return report.Refusal;
    }

    private async Task<GuardDecision> JudgePromptAsync(CancellationToken cancellationToken)
    {
        long started = options.Clock.GetTimestamp();
        Verdict verdict = Nothing;
        if (unredacted is not null)
        {
            verdict = Verdict.Failed("redaction", unredacted);
            NoteFailure(verdict);
        }
        else if (options.CheckPrompts && parts.Unreadable is { } kind && !options.PassUncheckedContents)
            verdict = Verdict.Failed(promptModerator.Name, $"the prompt holds {kind}, which cannot be checked");
        else if (parts.Undecoded is { } undecoded)
        {
            verdict = Verdict.Unreadable(promptModerator.Name, undecoded.Reason);
            Remember([verdict], _ => parts.IsTurn(undecoded.Request), _ => parts.IsConversation(undecoded.Request));
        }
        else if (options.CheckPrompts)
        {
            IReadOnlyList<Verdict> verdicts = await promptModerator.ModerateAsync(parts.Judged, cancellationToken).ConfigureAwait(false);
            verdict = ParallelModerator.Strictest(verdicts, promptModerator.Name);

            // Where the last turn alone drew a milder verdict, it is not what was found.
            if (verdict.IsUnsafe && !(verdicts[0].IsUnsafe && verdicts[0].Severity == verdict.Severity))
            {
                int found = verdicts.ToList().FindIndex(one => one.IsUnsafe && one.Severity == verdict.Severity);
                if (found > 0) report = report with { Judged = parts.Judged[found] };
            }
            NoteFailure(verdict);
            Remember(verdicts, i => parts.IsTurn(parts.Judged[i]), i => parts.IsConversation(parts.Judged[i]));
        }
        if (options.Injection is { } injection && verdict.Failure is null && !verdict.IsUnreadable)
        {
            IReadOnlyList<InjectionText> texts = [.. InjectionGuard.TextsOf(Asked), .. Documents()];
            (Verdict injected, InjectionText? text) =
                await injection.JudgeAsync(texts, options.ModerationTimeout, cancellationToken).ConfigureAwait(false);
            if (text is not null && injected.Severity > verdict.Severity) report = report with { Judged = new(text.Text) };
            NoteFailure(injected);
            Remember([injected], _ => text is { Side: InjectionSide.Prompt } && text.Text == parts.Prompt.Question, _ => true);
            if (injected.IsUnsafe) verdict = ParallelModerator.Strictest([injected, verdict], $"{verdict.Moderator}+{injection.Name}");
        }
        report = report with { ModerationTime = report.ModerationTime + options.Clock.GetElapsedTime(started) };
        GuardDecision decision = Decide(verdict, GuardSide.Prompt);
        return decision.Action == GuardAction.Allow && report.Redacted.Count > 0 ? decision with { Action = GuardAction.Redact } : decision;
    }

    private IEnumerable<InjectionText> Documents() => (options.Documents?.Invoke(chatOptions) ?? [])
        .Select(text => new InjectionText(InjectionSide.ToolResult, placeholders?.Redact(text) ?? text));

    private void Remember(IReadOnlyList<Verdict> verdicts, Func<int, bool> isTurn, Func<int, bool> isConversation)
    {
        if (options.RefusedTurns is not { } refused) return;
        int[] blocked = [.. Enumerable.Range(0, verdicts.Count).Where(i => !Decide(verdicts[i], GuardSide.Prompt).Passes)];
        if (blocked.Any(isConversation) && !blocked.Any(i => verdicts[i].Failure is not null))
            refused.Add(sent, report.Context, isAlone: blocked.Any(isTurn), TurnVersion);
    }

    private string TurnVersion => RefusedTurns.VersionOf(Policy, options.BlocksFlagged(chatOptions, GuardSide.Prompt)); // before there is a report, too

    private async Task<Verdict> JudgeAsync(IReadOnlyList<ChatContents> answer, CancellationToken cancellationToken)
    {
        ModerationRequest[] requests;
        try
        {
            requests = [.. answer.Where(part => !part.IsEmpty).SelectMany(part => Readings(part.Text, cancellationToken)
                .Select(text => parts.Prompt with { Response = text, Images = [.. parts.Prompt.Images, .. part.Images] }))];
        }
        catch (UnreadableTextException error)
        {
            return Verdict.Unreadable(moderator.Name, error.Message);
        }
        if (requests.Length == 0) return Nothing;
        if (!options.PassUncheckedContents && answer.Select(part => part.Unreadable).FirstOrDefault(kind => kind is not null) is { } unreadable)
            return Verdict.Failed(moderator.Name, $"the answer holds {unreadable}, which cannot be checked");
        Verdict verdict = ParallelModerator.Strictest(await moderator.ModerateAsync(requests, cancellationToken).ConfigureAwait(false), moderator.Name);
        NoteFailure(verdict);
        return verdict;
    }

    // A text, and what it says decoded where it is encoded.
    private static IEnumerable<string> Readings(string text, CancellationToken cancellationToken) =>
        TextReadings.Opened(text, cancellationToken) is { } opened ? [text, opened] : [text];

    // What cannot be judged is one thing, a moderator that does not judge another.
    private void NoteFailure(Verdict verdict)
    {
        if (verdict.Failure is not { } failure) return;
        report = report with { ModeratorFailure = $"{verdict.Moderator}: {failure}" };
        if (options.Log is { } log) GuardLog.ModeratorFailed(log, report.Id, report.ModeratorFailure);
    }

    private GuardDecision Decide(Verdict verdict, GuardSide side)
    {
        GuardDecision decision = Policy.Decide(verdict, side, report.Context).For(report.BlocksFlagged(side));
        GuardTelemetry.Decided(decision, report.Context);
        if (options.Log is { } log) GuardLog.Decided(log, report.Id, decision);
        return decision;
    }

    // The text of a draft is written down once, not at each step of a stream.
    private void WriteDraft()
    {
        if (draft is not null) rounds[^1] = rounds[^1] with { Answer = draft.Text };
        draft = null;
    }

    private async Task<bool> TryObserveAsync(Func<ValueTask> observe)
    {
        try
        {
            await observe().ConfigureAwait(false);
            health.IsFailing = false;
            return true;
        }
        catch (Exception error)
        {
            if (error is not OperationCanceledException) // a caller who left says nothing about the observer
            {
                health.IsFailing = true;
                if (options.Log is { } log) GuardLog.ObserverFailed(log, report.Id, error.GetType().Name);
            }
            return false; // an observer that cannot record is a reason to refuse, not to fail
        }
    }

    private static GuardOutcome Unrecorded(GuardOutcome outcome) => outcome == GuardOutcome.Passed ? GuardOutcome.AnswerRefused : outcome;

    private TimeSpan Elapsed() => options.Clock.GetElapsedTime(started);
}
