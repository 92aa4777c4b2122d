using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>
/// Sets a model's reasoning apart from its answer as the text grows: the reasoning is trimmed, an answer behind it loses the blanks before it, and an answer
/// without is as it was decoded. What may still become a tag or be trimmed is held back. Reasoning that never
/// ends, as in an answer that was cut, leaves no answer.
/// </summary>
internal sealed class ReasoningText(ChatReasoning? tags)
{
    private string pending = "";
    private Stage stage = tags is null ? Stage.Answer : Stage.Begin;
    private bool started = tags is null;

    private enum Stage
    {
        Begin,
        Reasoning,
        Answer,
    }

    /// <summary>The reasoning, null where the format knows of none, and the answer of a whole text.</summary>
    public static (string? Reasoning, string Answer) Split(string text, ChatReasoning? tags)
    {
        if (tags is null) return (null, text);
        List<(string Text, bool IsReasoning)> parts = new ReasoningText(tags).Push(text, last: true);
        return (string.Concat(parts.Where(part => part.IsReasoning).Select(part => part.Text)),
            string.Concat(parts.Where(part => !part.IsReasoning).Select(part => part.Text)));
    }

    /// <summary>Takes a piece; gives what may be shown now.</summary>
    public List<(string Text, bool IsReasoning)> Push(string piece, bool last)
    {
        List<(string, bool)> shown = [];
        pending += piece;
        if (stage == Stage.Begin && !Begin(last)) return shown;
        if (stage == Stage.Reasoning)
        {
            int close = pending.IndexOf(tags!.Close, StringComparison.Ordinal);
            Show(close >= 0 ? close : pending.Length - (last ? 0 : Held(tags.Close)));
            if (close < 0) return shown;
            pending = pending.TrimStart()[tags.Close.Length..];
            (stage, started) = (Stage.Answer, false);
        }
        if (!started) pending = pending.TrimStart();
        if (pending.Length > 0) shown.Add((pending, false));
        started |= pending.Length > 0;
        pending = "";
        return shown;

        void Show(int end)
        {
            string text = pending[..end].TrimEnd();
            string rest = pending[text.Length..];
            if (!started) text = text.TrimStart();
            if (text.Length > 0) shown.Add((text, true));
            started |= text.Length > 0;
            pending = rest;
        }
    }

    // a model that is to open its reasoning itself may do without; one whose prompt has opened it may open it again
    private bool Begin(bool last)
    {
        string text = pending.TrimStart();
        bool opens = text.StartsWith(tags!.Open, StringComparison.Ordinal);
        if (!opens && !last && tags.Open.StartsWith(text, StringComparison.Ordinal)) return false;
        if (opens) pending = text[tags.Open.Length..];
        stage = opens || tags.IsOpened ? Stage.Reasoning : Stage.Answer;
        started = stage == Stage.Answer; // an answer without reasoning is as it was decoded
        return true;
    }

    private int Held(string tag)
    {
        for (int length = Math.Min(tag.Length - 1, pending.Length); length > 0; length--)
            if (pending.AsSpan(pending.Length - length).SequenceEqual(tag.AsSpan(0, length))) return length;
        return 0;
    }
}
