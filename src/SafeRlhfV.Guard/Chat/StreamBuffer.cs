using System.Text;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Holds a streamed draft: its whole text for judging, and what has not left yet.</summary>
internal sealed class StreamBuffer(StreamRelease release)
{
    private readonly Queue<Piece> _waiting = new();
    private readonly List<(AIContent Content, ChatResponseUpdate From)> _later = [];
    private readonly StringBuilder _text = new();
    private ChatResponseUpdate? _last;
    private ChatFinishReason? _finish;
    private bool _isReasoning;
    private int _judged, _left, _boundary;

    /// <summary>Whether a step is full, so that what has come should be judged now.</summary>
    public bool ShouldJudge { get; private set; }

    public void Add(ChatResponseUpdate update)
    {
        _last = update;
        _finish = update.FinishReason ?? _finish;
        foreach (AIContent content in update.Contents)
        {
            if (ChatContents.Streamed(content) is not { } text) _later.Add((content, update));
            else if (text.Length > 0)
            {
                // Where reasoning turns into the answer a line ends, which belongs to neither.
                bool isReasoning = content is TextReasoningContent;
                if (_text.Length > 0 && isReasoning != _isReasoning) _text.Append('\n');
                _isReasoning = isReasoning;
                _waiting.Enqueue(new(_text.Length, text, isReasoning, update));
                _text.Append(text);
            }
        }
        if (release.Step == StreamStep.Sentence) FindSentenceEnd();
        ShouldJudge = release.Step switch
        {
            StreamStep.Whole => false,
            StreamStep.Window => _text.Length - _judged >= release.WindowCharacters,
            _ => _boundary > _judged || _text.Length - Math.Max(_left, _judged) >= release.WindowCharacters,
        };
    }

    /// <summary>What is to be judged in a step: all streamed text so far.</summary>
    public ChatContents Judged()
    {
        _judged = _text.Length;
        ShouldJudge = false;
        ChatContents judged = new();
        judged.Add(new TextContent(_text.ToString()));
        return judged;
    }

    /// <summary>Everything that has come, of whatever kind.</summary>
    public ChatContents Whole() => ChatContents.Of([new TextContent(_text.ToString()), .. _later.Select(item => item.Content)]);

    /// <summary>What may leave after the last step passed: up to the last sentence end or window, less what is held back.</summary>
    public IReadOnlyList<ChatResponseUpdate> ReleasePassed()
    {
        int end = _judged - release.HoldBackCharacters;
        if (release.Step == StreamStep.Sentence)
        {
            // A sentence that never ends leaves in parts, else its reader would wait for all of it.
            int sentence = LastSentenceEnd(end);
            end = sentence > _left ? sentence : end - _left >= release.WindowCharacters ? end : _left;
        }
        return Release(end);
    }

    /// <summary>All the rest, what came beside the text too.</summary>
    public IReadOnlyList<ChatResponseUpdate> ReleaseAll()
    {
        List<ChatResponseUpdate> released = [.. Release(_text.Length)];
        foreach ((AIContent content, ChatResponseUpdate from) in _later)
        {
            content.RawRepresentation = null;
            released.Add(Like(from, content));
        }
        return released;
    }

    /// <summary>The last update: no content, the reason for the end, and the report.</summary>
    public ChatResponseUpdate Final(GuardReport report)
    {
        ChatResponseUpdate update = Like(_last ?? new ChatResponseUpdate { ResponseId = report.Id, CreatedAt = report.Received });
        update.FinishReason = _finish;
        update.AdditionalProperties = new() { [GuardReportExtensions.Key] = report };
        return update;
    }

    private List<ChatResponseUpdate> Release(int end)
    {
        List<ChatResponseUpdate> released = [];
        if (end > 0 && end < _text.Length && char.IsHighSurrogate(_text[end - 1])) end--; // never half a character
        while (_waiting.TryPeek(out Piece? piece) && piece.Start < end)
        {
            int from = Math.Max(0, _left - piece.Start), to = Math.Min(piece.Text.Length, end - piece.Start);
            string text = piece.Text[from..to];
            released.Add(Like(piece.From, piece.IsReasoning ? new TextReasoningContent(text) : new TextContent(text)));
            _left = piece.Start + to;
            if (to < piece.Text.Length) break;
            _waiting.Dequeue();
        }
        return released;
    }

    private void FindSentenceEnd() => _boundary = Math.Max(_boundary, LastSentenceEnd(_text.Length));

    // The end of the last sentence that lies before a blank: "3.5" or "e.g" followed by more letters is none.
    private int LastSentenceEnd(int before)
    {
        for (int i = Math.Min(before, _text.Length) - 1; i > _left; i--)
        {
            if (_text[i] == '\n') return i + 1;
            if (_text[i] is '。' or '！' or '？') return i + 1;
            if (char.IsWhiteSpace(_text[i]) && _text[i - 1] is '.' or '!' or '?' or '…') return i + 1;
        }
        return 0;
    }

    // A copy without the raw object beneath, which may hold what was withheld.
    private static ChatResponseUpdate Like(ChatResponseUpdate from, params IList<AIContent> contents) => new(from.Role, [.. contents])
    {
        AuthorName = from.AuthorName,
        ConversationId = from.ConversationId,
        CreatedAt = from.CreatedAt,
        MessageId = from.MessageId,
        ModelId = from.ModelId,
        ResponseId = from.ResponseId,
    };

    private sealed record Piece(int Start, string Text, bool IsReasoning, ChatResponseUpdate From);
}
