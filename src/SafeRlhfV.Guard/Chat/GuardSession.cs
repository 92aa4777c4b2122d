using System.Diagnostics;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>One guarded request: the policy it began with, its decisions, its times.</summary>
internal sealed class GuardSession
{
    private static readonly Verdict Nothing = Verdict.Safe("nothing-to-judge");
    private readonly GuardOptions _options;
    private readonly IModerator _moderator;
    private readonly IModerator _promptModerator;
    private readonly PromptParts _parts;
    private readonly List<RegenerationRound> _rounds = [];
    private readonly long _started;
    private readonly ObserverHealth _health;
    private GuardReport _report;
    private Task<bool>? _recording;

    public GuardSession(GuardOptions options, IModerator moderator, IModerator promptModerator, ObserverHealth health, IReadOnlyList<ChatMessage> messages,
        ChatOptions? chatOptions)
    {
        (_options, _moderator, _promptModerator, _health) = (options, moderator, promptModerator, health);
        _started = options.Clock.GetTimestamp();
        Policy = options.Policy();
        _parts = PromptParts.Of(messages, options);
        _report = new()
        {
            Id = Guid.CreateVersion7(options.Clock.GetUtcNow()).ToString("n"),
            Received = options.Clock.GetUtcNow(),
            Context = options.Context(chatOptions),
            Prompt = _parts.Prompt,
            PolicyVersion = Policy.Version,
        };
    }

    public GuardPolicy Policy { get; }

    public GuardReport Report => _report;

    public bool HasEnded => _report.Outcome is not null;

    /// <summary>
    /// Decides about the prompt and tells the observer; null where the model may be asked, else the refusal. The model is asked while the observer records,
    /// unless the observer failed the last time: what the model says leaves only after <see cref="IsRecordedAsync"/>.
    /// </summary>
    public async Task<string?> CheckPromptAsync(CancellationToken cancellationToken)
    {
        if (_options.CheckPrompts) _report = _report with { PromptDecision = await JudgePromptAsync(cancellationToken).ConfigureAwait(false) };
        if (_options.Observer is { } observer) _recording = TryObserveAsync(() => observer.PromptDecidedAsync(_report, cancellationToken));
        if ((_recording is { IsCompleted: true } || _health.IsFailing || _report.PromptDecision is { Passes: false })
            && !await IsRecordedAsync().ConfigureAwait(false))
        {
            _report = _report with { Outcome = GuardOutcome.PromptRefused, Refusal = Policy.FailureRefusal, IsUnrecorded = true, Duration = Elapsed() };
            return _report.Refusal;
        }
        if (_report.PromptDecision is not { Passes: false } refused) return null;
        return await EndAsync(GuardOutcome.PromptRefused, Policy.RefusePrompt(refused.Verdict), null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether the prompt's decision is recorded; waits for it.</summary>
    public async ValueTask<bool> IsRecordedAsync() => _recording is null || await _recording.ConfigureAwait(false);

    /// <summary>Decides about an answer, or the part of it that is known, and records it as the round's last decision.</summary>
    public async Task<GuardDecision> JudgeAnswerAsync(int round, ChatContents answer, TimeSpan generation, CancellationToken cancellationToken)
    {
        long started = _options.Clock.GetTimestamp();
        Verdict verdict = Nothing;
        if (_options.CheckAnswers && !answer.IsEmpty)
        {
            ModerationRequest request = _parts.Prompt with { Response = answer.Text, Images = [.. _parts.Prompt.Images, .. answer.Images] };
            verdict = answer.Unreadable is { } kind && !_options.PassUncheckedContents
                ? Verdict.Failed(_moderator.Name, $"the answer holds {kind}, which cannot be checked")
                : await _moderator.ModerateAsync(request, cancellationToken).ConfigureAwait(false);
        }
        TimeSpan moderation = _options.Clock.GetElapsedTime(started);
        GuardDecision decision = Policy.Decide(verdict, GuardSide.Answer, _report.Context);
        RegenerationRound made = new(round, answer.Text, decision, generation, moderation);
        if (_rounds.Count > 0 && _rounds[^1].Round == round) _rounds[^1] = made with { ModerationTime = _rounds[^1].ModerationTime + moderation };
        else _rounds.Add(made);
        _report = _report with { ModerationTime = _report.ModerationTime + moderation };
        return decision;
    }

    /// <summary>The words put before an answer that passes with a notice, or null.</summary>
    public string? NoticeFor(GuardDecision decision)
    {
        if (decision.Action != GuardAction.AllowWithNotice || !_options.AddNotices) return null;
        return Policy.Notice(decision.Verdict);
    }

    /// <summary>The notice for a prompt that passed with one, or null.</summary>
    public string? PromptNotice => _report.PromptDecision is { } decision ? NoticeFor(decision) : null;

    /// <summary>The refusal after the last round.</summary>
    public string RefuseAnswer(GuardDecision decision) => Policy.RefuseAnswer(decision.Verdict, _rounds.Count);

    /// <summary>Ends the request and tells the observer before anything leaves. Where it cannot be told, the answer becomes a refusal.</summary>
    /// <returns>The refusal to show, or null where the answer may leave.</returns>
    public async Task<string?> EndAsync(GuardOutcome outcome, string? refusal, string? notice, CancellationToken cancellationToken)
    {
        Debug.Assert(!HasEnded);
        if (_recording is { IsCompleted: true } && !await _recording.ConfigureAwait(false))
            (outcome, refusal, notice) = (Unrecorded(outcome), Policy.FailureRefusal, null);
        _report = _report with { Outcome = outcome, Refusal = refusal, Notice = notice, Rounds = [.. _rounds], Duration = Elapsed() };

        // Both records may wait for one flush; the answer waits for both.
        bool isTold = _options.Observer is not { } observer
            || await TryObserveAsync(() => observer.EndedAsync(_report, cancellationToken)).ConfigureAwait(false);
        if (!await IsRecordedAsync().ConfigureAwait(false) || !isTold)
            _report = _report with { Outcome = Unrecorded(outcome), Refusal = Policy.FailureRefusal, IsUnrecorded = true };
        return _report.Refusal;
    }

    private async Task<GuardDecision> JudgePromptAsync(CancellationToken cancellationToken)
    {
        long started = _options.Clock.GetTimestamp();
        Verdict verdict;
        if (_parts.Unreadable is { } kind && !_options.PassUncheckedContents)
            verdict = Verdict.Failed(_promptModerator.Name, $"the prompt holds {kind}, which cannot be checked");
        else
        {
            ModerationRequest[] requests = _parts.Conversation is { } conversation ? [_parts.Prompt, conversation] : [_parts.Prompt];
            verdict = ParallelModerator.Strictest(await _promptModerator.ModerateAsync(requests, cancellationToken).ConfigureAwait(false),
                _promptModerator.Name);
        }
        _report = _report with { ModerationTime = _report.ModerationTime + _options.Clock.GetElapsedTime(started) };
        return Policy.Decide(verdict, GuardSide.Prompt, _report.Context);
    }

    private async Task<bool> TryObserveAsync(Func<ValueTask> observe)
    {
        try
        {
            await observe().ConfigureAwait(false);
            _health.IsFailing = false;
            return true;
        }
        catch (Exception error)
        {
            if (error is not OperationCanceledException) _health.IsFailing = true; // a caller who left says nothing about the observer
            return false; // an observer that cannot record is a reason to refuse, not to fail
        }
    }

    private static GuardOutcome Unrecorded(GuardOutcome outcome) => outcome == GuardOutcome.Passed ? GuardOutcome.AnswerRefused : outcome;

    private TimeSpan Elapsed() => _options.Clock.GetElapsedTime(_started);
}
