namespace SafeRlhfV.Models;

/// <summary>What a tokenizer.json looks for in a text: a string or a regular expression.</summary>
internal abstract class TextPattern
{
    /// <summary>Finds the next match at or after <paramref name="start"/>; false if there is none.</summary>
    public abstract bool Next(ReadOnlySpan<char> text, int start, out int matchStart, out int matchEnd);

    /// <summary>Replaces every match.</summary>
    public abstract string Replace(string text, string content);
}

/// <summary>A string, compared unit by unit.</summary>
internal sealed class LiteralPattern(string literal) : TextPattern
{
    public override bool Next(ReadOnlySpan<char> text, int start, out int matchStart, out int matchEnd)
    {
        int found = literal.Length == 0 ? -1 : text[start..].IndexOf(literal, StringComparison.Ordinal);
        (matchStart, matchEnd) = (start + found, start + found + literal.Length);
        return found >= 0;
    }

    public override string Replace(string text, string content) => literal.Length == 0 ? text : text.Replace(literal, content, StringComparison.Ordinal);
}
