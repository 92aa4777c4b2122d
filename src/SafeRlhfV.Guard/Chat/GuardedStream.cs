using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Lets a streamed answer through as it passes; one instance serves the rounds of one request.</summary>
internal sealed class GuardedStream(GuardSession session, StreamRelease release, TimeProvider clock)
{
    private StreamBuffer _buffer = new(release);
    private int _round;
    private bool _released;
    private bool _noticed;
    private string? _notice;

    /// <summary>Whether the answer has ended, one way or another; if not, another round is due.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether the model is why the stream stopped.</summary>
    public bool ModelFailed { get; private set; }

    /// <summary>The last decision.</summary>
    public GuardDecision? Last { get; private set; }

    /// <summary>Forgets the draft before and starts a round.</summary>
    public void Begin(int round) => (_round, _buffer, Last) = (round, new(release), null);

    public async IAsyncEnumerable<ChatResponseUpdate> PassAsync(IAsyncEnumerable<ChatResponseUpdate> updates,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        await using IAsyncEnumerator<ChatResponseUpdate> source = updates.GetAsyncEnumerator(cancellationToken);
        while (await MoveAsync(source).ConfigureAwait(false))
        {
            _buffer.Add(source.Current);
            if (!_buffer.ShouldJudge) continue;
            Last = await session.JudgeAnswerAsync(_round, _buffer.Judged(), clock.GetElapsedTime(started), cancellationToken).ConfigureAwait(false);
            if (!Last.Passes) break;
            if (!await session.IsRecordedAsync().ConfigureAwait(false))
            {
                string? unrecorded = await session.EndAsync(GuardOutcome.AnswerRefused, session.Policy.FailureRefusal, null, cancellationToken)
                    .ConfigureAwait(false);
                yield return Refusal(unrecorded ?? session.Policy.FailureRefusal);
                yield break;
            }
            foreach (ChatResponseUpdate update in Noticed(_buffer.ReleasePassed())) yield return update;
        }
        if (Last is { Passes: false })
        {
            if (MayRegenerate) yield break;
            yield return await WithholdAsync(cancellationToken).ConfigureAwait(false);
            yield break;
        }

        // The end: everything is judged once more with what no step has seen yet (the last words, tool calls, images).
        Last = await session.JudgeAnswerAsync(_round, _buffer.Whole(), clock.GetElapsedTime(started), cancellationToken).ConfigureAwait(false);
        if (!Last.Passes)
        {
            if (MayRegenerate) yield break;
            yield return await WithholdAsync(cancellationToken).ConfigureAwait(false);
            yield break;
        }
        NoteNotice();
        string? failure = await session.EndAsync(GuardOutcome.Passed, null, _notice, cancellationToken).ConfigureAwait(false);
        IsDone = true;
        if (failure is not null)
        {
            yield return Refusal(failure);
            yield break;
        }
        foreach (ChatResponseUpdate update in Noticed(_buffer.ReleaseAll())) yield return update;
        yield return _buffer.Final(session.Report);
    }

    /// <summary>The one update that refuses; it ends the stream.</summary>
    public ChatResponseUpdate Refusal(string refusal)
    {
        IsDone = true;
        ChatResponseUpdate update = _buffer.Final(session.Report);
        update.FinishReason = ChatFinishReason.ContentFilter;
        update.Role ??= ChatRole.Assistant;
        update.Contents = [new TextContent(_released ? "\n\n" + refusal : refusal)];
        return update;
    }

    private bool MayRegenerate => !_released && Last!.Action == GuardAction.Regenerate && _round < session.Policy.Rounds;

    private async Task<ChatResponseUpdate> WithholdAsync(CancellationToken cancellationToken)
    {
        GuardOutcome outcome = _released ? GuardOutcome.CutShort : GuardOutcome.AnswerRefused;
        string? refusal = await session.EndAsync(outcome, session.RefuseAnswer(Last!), _notice, cancellationToken).ConfigureAwait(false);
        return Refusal(refusal ?? session.Policy.FailureRefusal);
    }

    private async ValueTask<bool> MoveAsync(IAsyncEnumerator<ChatResponseUpdate> source)
    {
        ModelFailed = true;
        bool moved = await source.MoveNextAsync().ConfigureAwait(false);
        ModelFailed = false;
        return moved;
    }

    private void NoteNotice() => _notice ??= session.NoticeFor(Last!) ?? session.PromptNotice;

    // The notice stands before the first text that leaves after it was decided.
    private IEnumerable<ChatResponseUpdate> Noticed(IReadOnlyList<ChatResponseUpdate> updates)
    {
        NoteNotice();
        foreach (ChatResponseUpdate update in updates)
        {
            if (_notice is not null && !_noticed && update.Contents.Any(content => content is TextContent))
            {
                update.Contents.Insert(0, new TextContent((_released ? "\n\n" : "") + _notice + "\n\n"));
                _noticed = true;
            }
            _released = true;
            yield return update;
        }
    }
}
