using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Joins letters that stand apart, such as "f o r" or "f-o-r".</summary>
internal static class SpacedLetters
{
    private const int Fewest = 3;
    private const int WidestGap = 6;
    private const int FewestInTable = 5;

    /// <summary>The text with such letters joined; the same object where there are none. What stands between two of these words stays.</summary>
    /// <param name="text">The text.</param>
    /// <param name="leavesWords">Whether words of one letter before and behind such letters stay apart: "a f o r" becomes "a for", not "afor".</param>
    public static string Join(string text, bool leavesWords = false)
    {
        StringBuilder? joined = null;
        int copied = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsLetterOrDigit(text[i])) continue;
            if (i + 1 < text.Length && char.IsLetterOrDigit(text[i + 1])) // a word of several letters
            {
                do i++;
                while (i + 1 < text.Length && char.IsLetterOrDigit(text[i + 1]));
                continue;
            }
            (int end, int step) = RunFrom(text, i);
            if (end - i < step * (Fewest - 1)) continue;
            if (end - i < step * (FewestInTable - 1) && IsSeparator(text.AsSpan(i + 1, step - 1)))
            {
                i = end;
                continue;
            }
            int last = end;
            if (leavesWords)
            {
                while (i < end && IsWord(text[i])) i += step;
                while (end > i && IsWord(text[end])) end -= step;
            }
            if (end - i < step * (Fewest - 1))
            {
                i = last;
                continue;
            }
            joined ??= new(text.Length);
            joined.Append(text, copied, i - copied);
            for (int k = i; k <= end; k += step) joined.Append(text[k]);
            i = last;
            copied = end + 1;
        }
        return joined is null ? text : joined.Append(text, copied, text.Length - copied).ToString();
    }

    // The last letter of a run that begins with a letter that stands alone, and how far its letters lie apart: single letters with the same characters between
    // each two.
    private static (int End, int Step) RunFrom(string text, int start)
    {
        int next = start + 1;
        while (next < text.Length && next - start <= WidestGap && !char.IsLetterOrDigit(text[next])) next++;
        int step = next - start, end = start;
        ReadOnlySpan<char> gap = text.AsSpan(start + 1, step - 1);
        while (end + step < text.Length && text.AsSpan(end + 1, step - 1).SequenceEqual(gap) && IsAlone(text, end + step)) end += step;
        return (end, step);
    }

    /// <summary>Whether it stands between the cells of a table or the items of a list: single letters there are a word only where they are many.</summary>
    public static bool IsSeparator(ReadOnlySpan<char> gap) => gap.Contains('\t') || (gap.ContainsAny(",;|&") && gap.ContainsAny(" \n"));

    private static bool IsWord(char letter) => letter is 'a' or 'A' or 'i' or 'I' or 'o' or 'O';

    private static bool IsAlone(string text, int at) => char.IsLetterOrDigit(text[at])
        && (at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (at + 1 == text.Length || !char.IsLetterOrDigit(text[at + 1]));
}
