using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>
/// Guards a chat client: checks the prompt with all its images, checks each answer, lets the model answer again with the verdict fed back, and refuses
/// after the last round. Streams release only what has passed. Fails closed.
/// </summary>
/// <remarks>
/// A refusal is an answer with <see cref="ChatFinishReason.ContentFilter"/> whose words stand in an <see cref="ErrorContent"/> with the code
/// <see cref="GuardReportExtensions.RefusalCode"/>. What the inner client throws is thrown on. Put outside
/// function invocation, the guard sees the final answer; put inside, it sees every call and every tool's result.
/// </remarks>
public sealed class GuardedChatClient : DelegatingChatClient
{
    private readonly GuardOptions options;
    private readonly IModerator moderator;
    private readonly IModerator promptModerator;
    private readonly ObserverHealth health = new();

    /// <summary>Wraps a client.</summary>
    /// <exception cref="ArgumentException">No moderator is given, or it does not judge what is to be checked.</exception>
    public GuardedChatClient(IChatClient inner, GuardOptions options) : base(inner)
    {
        this.options = options;
        IModerator moderator = options.Moderator ?? options.PromptModerator
            ?? throw new ArgumentException("GuardOptions.Moderator must be set.", nameof(options));
        if (options.Moderator is null && options.CheckAnswers)
            throw new ArgumentException("GuardOptions.Moderator must be set to check answers.", nameof(options));
        IModerator promptModerator = options.PromptModerator ?? moderator;
        if (options.CheckPrompts && !promptModerator.Judges(GuardSide.Prompt))
            throw new ArgumentException(
                $"{promptModerator.Name} judges no prompts; set GuardOptions.PromptModerator to one that does, or CheckPrompts to false.", nameof(options));
        if (options.CheckAnswers && !moderator.Judges(GuardSide.Answer))
            throw new ArgumentException($"{moderator.Name} judges no answers; set GuardOptions.Moderator to one that does.", nameof(options));
        this.moderator = moderator.FailClosed(options.ModerationTimeout);
        this.promptModerator = promptModerator.FailClosed(options.ModerationTimeout);
    }

    /// <inheritdoc/>
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        GuardSession session = new(this.options, moderator, promptModerator, health, [.. messages], options);
        using CancellationTokenSource? early = this.options.Parallel ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken) : null;
        Task<ChatResponse>? first = null;
        try
        {
            long started = this.options.Clock.GetTimestamp();
            if (early is not null) first = base.GetResponseAsync(session.Asked, session.ModelOptions?.Clone(), early.Token);
            if (await session.CheckPromptAsync(cancellationToken).ConfigureAwait(false) is { } refusal) return Refuse(refusal, session.Report, null);
            GuardDecision? last = null;
            for (int round = 0; ; round++)
            {
                if (first is null || round > 0) started = this.options.Clock.GetTimestamp();
                ChatResponse response = await (round == 0 && first is not null ? first
                    : base.GetResponseAsync(WithFeedback(session.Asked, last), session.ModelOptions?.Clone(), cancellationToken)).ConfigureAwait(false);
                TimeSpan generation = this.options.Clock.GetElapsedTime(started);
                AnswerBuffer answer = AnswerBuffer.Of(response, this.options.Release.LongestAnswer);
                last = await session.JudgeAnswerAsync(round, answer, answer.TakeWhole(), generation, cancellationToken).ConfigureAwait(false);
                if (last.Passes)
                {
                    string? notice = session.NoticeFor(last) ?? session.PromptNotice;
                    string? failure = await session.EndAsync(GuardOutcome.Passed, null, notice, cancellationToken).ConfigureAwait(false);
                    if (failure is null) session.Restoring().Restore(response);
                    return failure is null ? Pass(response, session.ShowsNotices ? notice : null, session.Report) : Refuse(failure, session.Report, response);
                }
                if (last.Action == GuardAction.Regenerate && round < session.Policy.Rounds) continue;
                string said = await session.EndAsync(GuardOutcome.AnswerRefused, session.RefuseAnswer(last), null, cancellationToken).ConfigureAwait(false)
                    ?? session.Policy.FailureRefusal;
                return Refuse(said, session.Report, response);
            }
        }
        catch (Exception) when (!session.HasEnded)
        {
            await session.EndAsync(cancellationToken.IsCancellationRequested ? GuardOutcome.Abandoned : GuardOutcome.ModelFailed, null, null,
                CancellationToken.None).ConfigureAwait(false);
            throw;
        }
        finally
        {
            // Where the prompt was refused nobody waits for what the model would say.
            if (early is not null) await early.CancelAsync().ConfigureAwait(false);
            if (first is not null) await ((Task)first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        GuardSession session = new(this.options, moderator, promptModerator, health, [.. messages], options);
        GuardedStream stream = new(session, this.options.Release, this.options.Clock);
        RestoredAnswer restoring = session.Restoring();
        await using StartedStream? first = this.options.Parallel
            ? new(token => base.GetStreamingResponseAsync(session.Asked, session.ModelOptions?.Clone(), token), cancellationToken)
            : null;
        try
        {
            if (await session.CheckPromptAsync(cancellationToken).ConfigureAwait(false) is { } refusal)
            {
                foreach (ChatResponseUpdate update in stream.Refusal(refusal)) yield return update;
                yield break;
            }
            GuardDecision? last = null;
            for (int round = 0; ; round++)
            {
                stream.Begin(round);
                IAsyncEnumerable<ChatResponseUpdate> updates = round == 0 && first is not null ? first.ReadAsync()
                    : base.GetStreamingResponseAsync(WithFeedback(session.Asked, last), session.ModelOptions?.Clone(), cancellationToken);
                await foreach (ChatResponseUpdate update in stream.PassAsync(updates, cancellationToken).ConfigureAwait(false))
                    foreach (ChatResponseUpdate restored in restoring.Restore(update)) yield return restored;
                if (stream.IsDone) yield break;
                last = stream.Last;
            }
        }
        finally
        {
            // Reached without an end when the model threw, or when the reader went away.
            if (!session.HasEnded)
                await session.EndAsync(stream.ModelFailed && !cancellationToken.IsCancellationRequested ? GuardOutcome.ModelFailed : GuardOutcome.Abandoned,
                    null, null, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private IEnumerable<ChatMessage> WithFeedback(IReadOnlyList<ChatMessage> asked, GuardDecision? last)
    {
        if (last is null) return asked;
        string feedback = PolicyTexts.Feedback(last.Verdict);
        if (asked.Count == 0 || asked[^1].Role != options.FeedbackRole) return [.. asked, new ChatMessage(options.FeedbackRole, feedback)];
        ChatMessage turn = asked[^1].Clone();
        turn.Contents = [.. turn.Contents, new TextContent((turn.Contents.Count > 0 ? "\n\n" : "") + feedback)];
        return [.. asked.SkipLast(1), turn];
    }

    private static ChatResponse Pass(ChatResponse response, string? notice, GuardReport report)
    {
        if (notice is not null)
            foreach (ChatMessage shown in response.Messages.Where(TakesNotice).DistinctBy(message => message.GetChoice()))
                shown.Contents = [new TextContent(notice + "\n\n"), .. shown.Contents];
        (response.AdditionalProperties ??= [])[GuardReportExtensions.Key] = report;
        return response;
    }

    private static bool TakesNotice(ChatMessage message) =>
        message.Role == ChatRole.Assistant && message.Text.Length > 0 && !message.Contents.Any(content => content is FunctionCallContent);

    // Nothing of the withheld response is taken over but its names and its price.
    private static ChatResponse Refuse(string refusal, GuardReport report, ChatResponse? withheld) =>
        new(new ChatMessage(ChatRole.Assistant, [GuardedStream.RefusalContent(refusal)]))
        {
            FinishReason = ChatFinishReason.ContentFilter,
            ResponseId = withheld?.ResponseId ?? report.Id,
            ModelId = withheld?.ModelId,
            CreatedAt = withheld?.CreatedAt ?? report.Received,
            Usage = withheld?.Usage,
            AdditionalProperties = new() { [GuardReportExtensions.Key] = report },
        };
}
