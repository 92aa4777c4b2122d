using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Lets a streamed answer through as it passes; one instance serves the rounds of one request.</summary>
internal sealed class GuardedStream(GuardSession session, StreamRelease release, TimeProvider clock)
{
    private readonly HashSet<int> noticed = []; // choices
    private AnswerBuffer buffer = new(release);
    private int round;
    private bool released;
    private string? notice;

    /// <summary>Whether the answer has ended, one way or another; if not, another round is due.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the model is why the stream stopped.</summary>
    public bool ModelFailed { get; private set; }

    /// <summary>The last decision.</summary>
    public GuardDecision? Last { get; private set; }

    /// <summary>The words of a refusal as a content.</summary>
    public static ErrorContent RefusalContent(string refusal) => new(refusal) { ErrorCode = GuardReportExtensions.RefusalCode };

    /// <summary>Forgets the draft before and starts a round.</summary>
    public void Begin(int round) => (this.round, buffer, Last) = (round, new(release), null);

    public async IAsyncEnumerable<ChatResponseUpdate> PassAsync(IAsyncEnumerable<ChatResponseUpdate> updates,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        await using IAsyncEnumerator<ChatResponseUpdate> source = updates.GetAsyncEnumerator(cancellationToken);
        while (await MoveAsync(source).ConfigureAwait(false))
        {
            buffer.Add(source.Current);
            if (!buffer.ShouldJudge) continue;
            Last = await JudgeAsync(buffer.TakeStep(), started, cancellationToken).ConfigureAwait(false);
            if (!Last.Passes) break;
            if (!await session.IsRecordedAsync().ConfigureAwait(false))
            {
                string? unrecorded = await session.EndAsync(GuardOutcome.AnswerRefused, session.Policy.FailureRefusal, null, cancellationToken)
                    .ConfigureAwait(false);
                foreach (ChatResponseUpdate update in Refusal(unrecorded ?? session.Policy.FailureRefusal)) yield return update;
                yield break;
            }
            foreach (ChatResponseUpdate update in Noticed(buffer.ReleasePassed())) yield return update;
        }

        // The end: everything is judged once more with what no step has seen yet (the last words, tool calls, images).
        if (Last is not { Passes: false }) Last = await JudgeAsync(buffer.TakeWhole(), started, cancellationToken).ConfigureAwait(false);
        if (!Last.Passes)
        {
            if (MayRegenerate) yield break;
            foreach (ChatResponseUpdate update in await WithholdAsync(cancellationToken).ConfigureAwait(false)) yield return update;
            yield break;
        }
        NoteNotice();
        string? failure = await session.EndAsync(GuardOutcome.Passed, null, notice, cancellationToken).ConfigureAwait(false);
        IsDone = true;
        IEnumerable<ChatResponseUpdate> ending = failure is null ? Noticed(buffer.ReleaseAll()) : Refusal(failure);
        foreach (ChatResponseUpdate update in ending) yield return update;
        if (failure is not null) yield break;
        foreach (ChatResponseUpdate update in buffer.Finals(session.Report)) yield return update;
    }

    /// <summary>The updates that refuse, one for each choice that has begun; they end the stream.</summary>
    public IEnumerable<ChatResponseUpdate> Refusal(string refusal)
    {
        IsDone = true;
        foreach (ChatResponseUpdate update in buffer.Finals(session.Report))
        {
            update.FinishReason = ChatFinishReason.ContentFilter;
            update.Role ??= ChatRole.Assistant;
            update.Contents = [RefusalContent(refusal)];
            yield return update;
        }
    }

    private bool MayRegenerate => !released && Last!.Action == GuardAction.Regenerate && round < session.Policy.Rounds;

    private Task<GuardDecision> JudgeAsync(IReadOnlyList<ChatContents> parts, long started, CancellationToken cancellationToken) =>
        session.JudgeAnswerAsync(round, buffer, parts, clock.GetElapsedTime(started), cancellationToken);

    private async Task<IEnumerable<ChatResponseUpdate>> WithholdAsync(CancellationToken cancellationToken)
    {
        GuardOutcome outcome = released ? GuardOutcome.CutShort : GuardOutcome.AnswerRefused;
        string? refusal = await session.EndAsync(outcome, session.RefuseAnswer(Last!), notice, cancellationToken).ConfigureAwait(false);
        return Refusal(refusal ?? session.Policy.FailureRefusal);
    }

    private async ValueTask<bool> MoveAsync(IAsyncEnumerator<ChatResponseUpdate> source)
    {
        ModelFailed = true;
        bool moved = await source.MoveNextAsync().ConfigureAwait(false);
        ModelFailed = false;
        return moved;
    }

    private void NoteNotice() => notice ??= session.NoticeFor(Last!) ?? session.PromptNotice;

    // The notice stands before the first text that leaves after it was decided.
    private IEnumerable<ChatResponseUpdate> Noticed(IEnumerable<ChatResponseUpdate> updates)
    {
        NoteNotice();
        foreach (ChatResponseUpdate update in updates)
        {
            if (notice is not null && session.ShowsNotices && update.Contents.Any(content => content is TextContent) && noticed.Add(update.GetChoice()))
                update.Contents = [new TextContent((released ? "\n\n" : "") + notice + "\n\n"), .. update.Contents];
            released = true;
            yield return update;
        }
    }
}
