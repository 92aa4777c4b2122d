using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>What a tokenizer.json looks for in a text: a string, a regular expression, or characters of a class.</summary>
internal abstract class TextPattern
{
    /// <summary>Appends all matches, in order and apart.</summary>
    public abstract void Find(ReadOnlySpan<char> text, List<TextMatch> matches);

    /// <summary>Replaces every match.</summary>
    public virtual string Replace(string text, string content)
    {
        List<TextMatch> matches = [];
        Find(text, matches);
        if (matches.Count == 0) return text;
        StringBuilder result = new(text.Length);
        int done = 0;
        foreach (TextMatch match in matches)
        {
            result.Append(text, done, match.Start - done).Append(content);
            done = match.End;
        }
        return result.Append(text, done, text.Length - done).ToString();
    }
}

/// <summary>A string, compared unit by unit.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public override void Find(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        for (int at = 0; literal.Length > 0; at += literal.Length)
        {
            int found = text[at..].IndexOf(literal, StringComparison.Ordinal);
            if (found < 0) return;
            at += found;
            matches.Add(new TextMatch(at, at + literal.Length));
        }
    }

    public override string Replace(string text, string content) => literal.Length == 0 ? text : text.Replace(literal, content, StringComparison.Ordinal);
}

/// <summary>Every code point of a class by itself.</summary>
internal sealed class RunePattern(Func<Rune, bool> isMatch) : TextPattern
{
    public override void Find(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int end = at + rune.Utf16SequenceLength;
            if (isMatch(rune)) matches.Add(new TextMatch(at, end));
            at = end;
        }
    }
}

/// <summary>Runs of code points of the same class, where the class is not 0.</summary>
internal sealed class RunPattern(Func<Rune, int> classOf) : TextPattern
{
    public override void Find(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        int at = 0, start = 0, running = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int now = classOf(rune);
            if (now != running)
            {
                if (running != 0) matches.Add(new TextMatch(start, at));
                (start, running) = (at, now);
            }
            at += rune.Utf16SequenceLength;
        }
        if (running != 0) matches.Add(new TextMatch(start, at));
    }
}
