namespace SafeRlhfV.Data;

/// <summary>
/// A response's thoughts: what stands between <c>&lt;think&gt;</c> and <c>&lt;/think&gt;</c>, the tags among them. Thoughts that never end hold all that
/// follows, and the response then has no answer. A closing tag that nothing opened is plain text.
/// </summary>
/// <param name="Spans">Where the thoughts are in the text, in order.</param>
/// <param name="IsClosed">Whether all thoughts end.</param>
public sealed record Thoughts(IReadOnlyList<Range> Spans, bool IsClosed)
{
    /// <summary>The tag that begins thoughts.</summary>
    public const string Open = "<think>";

    /// <summary>The tag that ends them.</summary>
    public const string Close = "</think>";

    /// <summary>Finds the thoughts of a response.</summary>
    /// <param name="text">The response.</param>
    /// <param name="opened">Whether the prompt has opened them already, as some chat formats do.</param>
    public static Thoughts In(string text, bool opened = false)
    {
        List<Range> spans = [];
        for (int at = 0; ;)
        {
            int start = opened ? 0 : text.IndexOf(Open, at, StringComparison.Ordinal);
            if (start < 0) return new(spans, true);
            int close = text.IndexOf(Close, start, StringComparison.Ordinal);
            if (close < 0) return new([.. spans, start..text.Length], false);
            at = close + Close.Length;
            spans.Add(start..at);
            opened = false;
        }
    }

    /// <summary>Whether a prompt's text ends with an opening tag, so that the response begins with thoughts.</summary>
    public static bool AreOpenAfter(string prompt) => prompt.AsSpan().TrimEnd().EndsWith(Open, StringComparison.Ordinal);

    /// <summary>What is said outside of the thoughts; null where they never end.</summary>
    public string? Said(string text)
    {
        if (!IsClosed) return null;
        int at = 0;
        List<string> said = [];
        foreach (Range span in Spans)
        {
            said.Add(text[at..span.Start.Value]);
            at = span.End.Value;
        }
        return string.Concat([.. said, text[at..]]).Trim();
    }
}
