namespace SafeRlhfV.Processing;

/// <summary>
/// The expressions of GPT-2, Llama 3 and Qwen2 as a hand-written scanner over code points. At every place one alternative matches, so the words
/// follow each other without a gap. (The runtime's expressions see UTF-16 units, to which letters beyond the basic plane are none.)
/// </summary>
internal sealed class WordPattern : TextPattern
{
    private const string Newer = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|#| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Older = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private readonly bool newer;
    private readonly int mostDigits;

    private WordPattern(bool newer, int mostDigits) => (this.newer, this.mostDigits) = (newer, mostDigits);

    /// <summary>The expression of GPT-2.</summary>
    public static WordPattern Gpt2 { get; } = new(newer: false, int.MaxValue);

    /// <summary>The scanner for an expression; null if it is not one of these.</summary>
    public static WordPattern? Known(string expression)
    {
        if (expression == Older) return Gpt2;
        foreach ((string digits, int most) in new[] { (@"\p{N}", 1), (@"\p{N}{1,2}", 2), (@"\p{N}{1,3}", 3), (@"\p{N}+", int.MaxValue) })
            if (expression == Newer.Replace("#", digits, StringComparison.Ordinal)) return new WordPattern(newer: true, most);
        return null;
    }

    /// <summary>Where the match that begins at <paramref name="start"/> ends.</summary>
    public int End(ReadOnlySpan<char> text, int start) => newer ? NewerEnd(text, start) : OlderEnd(text, start);

    public override void Find(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        for (int start = 0, end; start < text.Length; start = end) matches.Add(new TextMatch(start, end = End(text, start)));
    }

    private int NewerEnd(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && Contraction(text[(start + 1)..], anyCase: true) is > 0 and int tail) return start + 1 + tail;
        CodePointClass first = CodePoints.ClassAt(text, start, out int next);
        if (first == CodePointClass.Letter) return Run(text, next, CodePointClass.Letter);
        if (first == CodePointClass.Number) return Run(text, next, CodePointClass.Number, mostDigits - 1);
        CodePointClass second = next < text.Length ? CodePoints.ClassAt(text, next, out _) : CodePointClass.End;
        if (second == CodePointClass.Letter && first != CodePointClass.NewLine) return Run(text, next, CodePointClass.Letter);
        if (first == CodePointClass.Other || text[start] == ' ' && second == CodePointClass.Other)
            return Run(text, Run(text, next, CodePointClass.Other), CodePointClass.NewLine);
        return SpaceEnd(text, start, newLines: true);
    }

    private static int OlderEnd(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && Contraction(text[(start + 1)..], anyCase: false) is > 0 and int tail) return start + 1 + tail;
        CodePointClass first = CodePoints.ClassAt(text, start, out int next);
        CodePointClass second = next < text.Length ? CodePoints.ClassAt(text, next, out _) : CodePointClass.End;
        if (text[start] == ' ' && second is CodePointClass.Letter or CodePointClass.Number or CodePointClass.Other) first = second;
        return first is CodePointClass.Letter or CodePointClass.Number or CodePointClass.Other
            ? Run(text, next, first)
            : SpaceEnd(text, start, newLines: false);
    }

    // white space up to its last line break; without one all of it at the end of the text, else all but its last character, but one at least
    private static int SpaceEnd(ReadOnlySpan<char> text, int start, bool newLines)
    {
        int end = start, last = -1;
        while (end < text.Length && CodePoints.ClassAt(text, end, out _) is var found and (CodePointClass.Space or CodePointClass.NewLine))
        {
            end++;
            if (found == CodePointClass.NewLine) last = end;
        }
        if (newLines && last > 0) return last;
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static int Run(ReadOnlySpan<char> text, int at, CodePointClass wanted, int most = int.MaxValue)
    {
        for (; most > 0 && at < text.Length && CodePoints.ClassAt(text, at, out int next) == wanted; most--) at = next;
        return at;
    }

    // units of s, t, re, ve, m, ll, d after an apostrophe; the long s folds to s, and no other character to any of these letters
    private static int Contraction(ReadOnlySpan<char> text, bool anyCase)
    {
        if (text.IsEmpty) return 0;
        char first = Fold(text[0], anyCase), second = text.Length > 1 ? Fold(text[1], anyCase) : '\0';
        if (first is 's' or 't' or 'm' or 'd') return 1;
        return (first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 2 : 0;
    }

    private static char Fold(char unit, bool anyCase) => !anyCase ? unit : unit is >= 'A' and <= 'Z' ? (char)(unit | 0x20) : unit == '\u017F' ? 's' : unit;
}
