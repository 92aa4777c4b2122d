using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Lets a streamed answer through as it passes; one instance serves the rounds of one request.</summary>
internal sealed class GuardedStream(GuardSession session, StreamRelease release, TimeProvider clock)
{
    private StreamBuffer buffer = new(release);
    private int round;
    private bool released;
    private bool noticed;
    private string? notice;

    /// <summary>Whether the answer has ended, one way or another; if not, another round is due.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the model is why the stream stopped.</summary>
    public bool ModelFailed { get; private set; }

    /// <summary>The last decision.</summary>
    public GuardDecision? Last { get; private set; }

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
            Last = await session.JudgeAnswerAsync(round, buffer.Judged(), clock.GetElapsedTime(started), cancellationToken).ConfigureAwait(false);
            if (!Last.Passes) break;
            if (!await session.IsRecordedAsync().ConfigureAwait(false))
            {
                string? unrecorded = await session.EndAsync(GuardOutcome.AnswerRefused, session.Policy.FailureRefusal, null, cancellationToken)
                    .ConfigureAwait(false);
                yield return Refusal(unrecorded ?? session.Policy.FailureRefusal);
                yield break;
            }
            foreach (ChatResponseUpdate update in Noticed(buffer.ReleasePassed())) yield return update;
        }
        if (Last is { Passes: false })
        {
            if (MayRegenerate) yield break;
            yield return await WithholdAsync(cancellationToken).ConfigureAwait(false);
            yield break;
        }

        // The end: everything is judged once more with what no step has seen yet (the last words, tool calls, images).
        Last = await session.JudgeAnswerAsync(round, buffer.Whole(), clock.GetElapsedTime(started), cancellationToken).ConfigureAwait(false);
        if (!Last.Passes)
        {
            if (MayRegenerate) yield break;
            yield return await WithholdAsync(cancellationToken).ConfigureAwait(false);
            yield break;
        }
        NoteNotice();
        string? failure = await session.EndAsync(GuardOutcome.Passed, null, notice, cancellationToken).ConfigureAwait(false);
        IsDone = true;
        if (failure is not null)
        {
            yield return Refusal(failure);
            yield break;
        }
        foreach (ChatResponseUpdate update in Noticed(buffer.ReleaseAll())) yield return update;
        yield return buffer.Final(session.Report);
    }

    /// <summary>The one update that refuses; it ends the stream.</summary>
    public ChatResponseUpdate Refusal(string refusal)
    {
        IsDone = true;
        ChatResponseUpdate update = buffer.Final(session.Report);
        update.FinishReason = ChatFinishReason.ContentFilter;
        update.Role ??= ChatRole.Assistant;
        update.Contents = [new TextContent(released ? "\n\n" + refusal : refusal)];
        return update;
    }

    private bool MayRegenerate => !released && Last!.Action == GuardAction.Regenerate && round < session.Policy.Rounds;

    private async Task<ChatResponseUpdate> WithholdAsync(CancellationToken cancellationToken)
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
    private IEnumerable<ChatResponseUpdate> Noticed(IReadOnlyList<ChatResponseUpdate> updates)
    {
        NoteNotice();
        foreach (ChatResponseUpdate update in updates)
        {
            if (notice is not null && !noticed && update.Contents.Any(content => content is TextContent))
            {
                update.Contents.Insert(0, new TextContent((released ? "\n\n" : "") + notice + "\n\n"));
                noticed = true;
            }
            released = true;
            yield return update;
        }
    }
}
