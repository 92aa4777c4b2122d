using System.Text;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Holds a streamed draft: its whole text for judging, and what has not left yet.</summary>
internal sealed class StreamBuffer(StreamRelease release)
{
    private readonly Queue<Piece> waiting = new();
    private readonly List<(AIContent Content, ChatResponseUpdate From)> later = [];
    private readonly StringBuilder text = new();
    private ChatResponseUpdate? last;
    private ChatFinishReason? finish;
    private bool isReasoning;
    private int judged, left, boundary;

    /// <summary>Whether a step is full, so that what has come should be judged now.</summary>
    public bool ShouldJudge { get; private set; }

    public void Add(ChatResponseUpdate update)
    {
        last = update;
        finish = update.FinishReason ?? finish;
        foreach (AIContent content in update.Contents)
        {
            if (ChatContents.Streamed(content) is not { } text) later.Add((content, update));
            else if (text.Length > 0)
            {
                // Where reasoning turns into the answer a line ends, which belongs to neither.
                bool isReasoning = content is TextReasoningContent;
                if (this.text.Length > 0 && isReasoning != this.isReasoning) this.text.Append('\n');
                this.isReasoning = isReasoning;
                waiting.Enqueue(new(this.text.Length, text, isReasoning, update));
                this.text.Append(text);
            }
        }
        if (release.Step == StreamStep.Sentence) FindSentenceEnd();
        ShouldJudge = release.Step switch
        {
            StreamStep.Whole => false,
            StreamStep.Window => text.Length - judged >= release.WindowCharacters,
            _ => boundary > judged || text.Length - Math.Max(left, judged) >= release.WindowCharacters,
        };
    }

    /// <summary>What is to be judged in a step: all streamed text so far.</summary>
    public ChatContents Judged()
    {
        this.judged = text.Length;
        ShouldJudge = false;
        ChatContents judged = new();
        judged.Add(new TextContent(text.ToString()));
        return judged;
    }

    /// <summary>Everything that has come, of whatever kind.</summary>
    public ChatContents Whole() => ChatContents.Of([new TextContent(text.ToString()), .. later.Select(item => item.Content)]);

    /// <summary>What may leave after the last step passed: up to the last sentence end or window, less what is held back.</summary>
    public IReadOnlyList<ChatResponseUpdate> ReleasePassed()
    {
        int end = judged - release.HoldBackCharacters;
        if (release.Step == StreamStep.Sentence)
        {
            // A sentence that never ends leaves in parts, else its reader would wait for all of it.
            int sentence = LastSentenceEnd(end);
            end = sentence > left ? sentence : end - left >= release.WindowCharacters ? end : left;
        }
        return Release(end);
    }

    /// <summary>All the rest, what came beside the text too.</summary>
    public IReadOnlyList<ChatResponseUpdate> ReleaseAll()
    {
        List<ChatResponseUpdate> released = [.. Release(text.Length)];
        foreach ((AIContent content, ChatResponseUpdate from) in later)
        {
            content.RawRepresentation = null;
            released.Add(Like(from, content));
        }
        return released;
    }

    /// <summary>The last update: no content, the reason for the end, and the report.</summary>
    public ChatResponseUpdate Final(GuardReport report)
    {
        ChatResponseUpdate update = Like(last ?? new ChatResponseUpdate { ResponseId = report.Id, CreatedAt = report.Received });
        update.FinishReason = finish;
        update.AdditionalProperties = new() { [GuardReportExtensions.Key] = report };
        return update;
    }

    private List<ChatResponseUpdate> Release(int end)
    {
        List<ChatResponseUpdate> released = [];
        if (end > 0 && end < text.Length && char.IsHighSurrogate(text[end - 1])) end--; // never half a character
        while (waiting.TryPeek(out Piece? piece) && piece.Start < end)
        {
            int from = Math.Max(0, left - piece.Start), to = Math.Min(piece.Text.Length, end - piece.Start);
            string text = piece.Text[from..to];
            released.Add(Like(piece.From, piece.IsReasoning ? new TextReasoningContent(text) : new TextContent(text)));
            left = piece.Start + to;
            if (to < piece.Text.Length) break;
            waiting.Dequeue();
        }
        return released;
    }

    private void FindSentenceEnd() => boundary = Math.Max(boundary, LastSentenceEnd(text.Length));

    // The end of the last sentence that lies before a blank: "3.5" or "e.g" followed by more letters is none.
    private int LastSentenceEnd(int before)
    {
        for (int i = Math.Min(before, text.Length) - 1; i > left; i--)
        {
            if (text[i] == '\n') return i + 1;
            if (text[i] is '。' or '！' or '？') return i + 1;
            if (char.IsWhiteSpace(text[i]) && text[i - 1] is '.' or '!' or '?' or '…') return i + 1;
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
