using System.Text;

namespace SafeRlhfV.Models;

/// <summary>
/// An answer's text as it grows, cut at the first stop string to be complete (of several that end together the longest). What may still become a stop string is
/// held back, so that released pieces are never taken back. Nothing is trimmed: a blank at the start belongs to the answer, as transformers decodes it.
/// </summary>
internal sealed class AnswerText(IReadOnlyList<string> stops)
{
    private readonly StringBuilder released = new();
    private string pending = "";

    /// <summary>The stop string that came, if one did.</summary>
    public string? Stop { get; private set; }

    /// <summary>All that was released.</summary>
    public override string ToString() => released.ToString();

    /// <summary>Takes a piece of text, if there is one; true when a stop string is complete. Nothing that follows it counts.</summary>
    public bool Append(string? piece)
    {
        if (Stop is not null) return true;
        if (string.IsNullOrEmpty(piece)) return false;
        pending += piece;
        (int end, int start) = (int.MaxValue, 0);
        foreach (string stop in stops)
        {
            int at = pending.IndexOf(stop, StringComparison.Ordinal);
            if (at < 0 || at + stop.Length > end || (at + stop.Length == end && at >= start)) continue;
            (end, start, Stop) = (at + stop.Length, at, stop);
        }
        if (Stop is null) return false;
        pending = pending[..start];
        return true;
    }

    /// <summary>What may be shown now; with <paramref name="last"/> all that remains.</summary>
    public string Release(bool last)
    {
        int safe = last || Stop is not null ? pending.Length : pending.Length - Held();
        string text = pending[..safe];
        pending = pending[safe..];
        released.Append(text);
        return text;
    }

    // the longest end of the pending text that some stop string begins with
    private int Held()
    {
        int held = 0;
        foreach (string stop in stops)
            for (int length = Math.Min(stop.Length - 1, pending.Length); length > held; length--)
                if (pending.AsSpan(pending.Length - length).SequenceEqual(stop.AsSpan(0, length))) held = length;
        return held;
    }
}
