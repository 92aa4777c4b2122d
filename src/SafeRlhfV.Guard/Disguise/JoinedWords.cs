using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Words and parts of words that punctuation joins, such as "green-gate", "green_gate" or "gr.een gate".</summary>
internal static class JoinedWords
{
    private const int LongestJoint = 8;
    private const int LongestHyphenation = 60; // with the indentation of the next line, or its marks of a quotation
    private const string Hyphens = "-\u2010\u2011\u00AD¬\\=", Breaks = "\r\n";
    private const string SpacedMarks = "-_*~/|+=#^\\`•·–—"; // join words even with blanks around them
    private const string Sentence = ".,;:!?"; // ends a word in scripts that write no blanks

    /// <summary>The text with blanks in place of what joins words.</summary>
    public static string Part(string text) => Replace(text, " ");

    /// <summary>The text without what joins parts of words.</summary>
    public static string Close(string text) => Replace(text, "");

    /// <summary>The end of what stands between two letters or digits, from its first character; -1 where it joins nothing.</summary>
    /// <param name="text">The text.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="end">Where it ends.</param>
    /// <param name="hasBlank">Whether there is a blank in it.</param>
    public static bool IsJoint(string text, int start, int end, out bool hasBlank)
    {
        hasBlank = false;
        if (start == 0 || end == text.Length || end == start) return false;
        if (end - start > LongestJoint && !(end - start <= LongestHyphenation && text.AsSpan(start, 3).ContainsAny(Breaks))) return false;
        char before = text[start - 1], after = text[end];
        if (char.IsDigit(before) && char.IsDigit(after)) return false; // 3.5 and 10-12 are what they are
        ReadOnlySpan<char> joint = text.AsSpan(start, end - start);
        if (IsHyphenation(joint) && char.IsLetter(before) && char.IsLetter(after)) return true;
        bool hasMark = false, isSpaced = true;
        foreach (char mark in joint)
        {
            if (mark is '\n' or '\r') return false;
            if (char.IsWhiteSpace(mark)) hasBlank = true;
            else (hasMark, isSpaced) = (true, isSpaced && SpacedMarks.Contains(mark));
        }
        if (!hasMark || (hasBlank && !isSpaced)) return false;
        if (joint.ContainsAny(Sentence) && !(IsCased(before) && IsCased(after))) return false;
        return joint is not ['\'' or '’'] || !IsContraction(text, start, end);
    }

    /// <summary>Whether anything joins words: if not, both texts are the text itself.</summary>
    public static bool IsIn(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsLetterOrDigit(text[i])) continue;
            int end = i + 1;
            while (end < text.Length && !char.IsLetterOrDigit(text[end])) end++;
            if (end == i + 1 && text[i] == ' ') continue;
            if (IsJoint(text, i, end, out _) || text.AsSpan(i, end - i).Contains('_')) return true;
            i = end;
        }
        return false;
    }

    // A hyphen, or another sign that a word goes on, at the end of a line.
    private static bool IsHyphenation(ReadOnlySpan<char> joint)
    {
        if (joint.Length < 2 || !Hyphens.Contains(joint[0])) return false;
        ReadOnlySpan<char> rest = joint[1..].TrimStart(" \t");
        int line = rest is ['\r', '\n', ..] ? 2 : rest is ['\n' or '\r', ..] ? 1 : 0;
        return line > 0 && !rest[line..].ContainsAnyExcept(" \t>|*#/");
    }

    private static string Replace(string text, string by)
    {
        StringBuilder? replaced = null;
        int copied = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsLetterOrDigit(text[i])) continue;
            int end = i + 1;
            while (end < text.Length && !char.IsLetterOrDigit(text[end])) end++;
            if (end == i + 1 && text[i] == ' ') continue; // as between most words
            if (IsJoint(text, i, end, out bool hasBlank)) Put(i, end, hasBlank ? " " : by);
            else
                for (int k = i; k < end; k++)
                    if (text[k] == '_') Put(k, k + 1, " "); // counts as a letter in expressions
            i = end;
        }
        return replaced is null ? text : replaced.Append(text, copied, text.Length - copied).ToString();

        void Put(int start, int end, string other)
        {
            (replaced ??= new(text.Length)).Append(text, copied, start - copied).Append(other);
            copied = end;
        }
    }

    private static bool IsCased(char letter) => char.IsLower(letter) || char.IsUpper(letter) || char.IsDigit(letter);

    // don't, it's, we'll
    private static bool IsContraction(string text, int start, int end)
    {
        int last = end;
        while (last < text.Length && char.IsLetter(text[last])) last++;
        string ending = text[end..last].ToLowerInvariant();
        return ending is "s" or "d" or "m" or "ll" or "re" or "ve" || (ending == "t" && text[start - 1] is 'n' or 'N');
    }
}
