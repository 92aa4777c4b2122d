using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>
/// A run of letters that are written apart: parts joined by punctuation ("pro-ject"), or single letters with anything between them ("p r o.j e c t"). In it a
/// keyword is looked for letter by letter.
/// </summary>
internal sealed class SpelledRun
{
    private const int WidestGap = 6;
    private const int Sure = 5; // shorter keywords stand in other words by chance, as "ass" in "c l a s s"
    private readonly string letters;
    private readonly bool[] starts; // of parts; the end counts as one
    private readonly bool isTable; // letters in the cells of a table or the items of a list

    private SpelledRun(string text, List<Range> parts)
    {
        int most = parts[^1].End.Value - parts[0].Start.Value;
        StringBuilder joined = new(most);
        starts = new bool[most + 1];
        foreach (Range part in parts)
        {
            starts[joined.Length] = true;
            joined.Append(text.AsSpan(part));
        }
        starts[joined.Length] = true;
        letters = joined.ToString();
        for (int i = 1; i < parts.Count && !isTable; i++) isTable = SpacedLetters.IsSeparator(text.AsSpan(parts[i - 1].End.Value..parts[i].Start.Value));
    }

    /// <summary>The runs of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="joinsWords">Whether words that blanks part count as parts of one.</param>
    public static IReadOnlyList<SpelledRun> Of(string text, bool joinsWords = false)
    {
        List<SpelledRun>? runs = null; // most texts have none
        List<Range> parts = [];
        Range before = default;
        bool hasBefore = false;
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsLetterOrDigit(text[i])) continue;
            int end = i + 1;
            while (end < text.Length && char.IsLetterOrDigit(text[end])) end++;
            if (hasBefore && (Continues(text, before, i, end) || (joinsWords && IsBlank(text.AsSpan(before.End.Value..i)))))
            {
                if (parts.Count == 0) parts.Add(before);
                parts.Add(i..end);
            }
            else End();
            (before, hasBefore) = (i..end, true);
            i = end;
        }
        End();
        return runs ?? [];

        void End()
        {
            if (parts.Count == 0) return;
            (runs ??= []).Add(new(text, parts));
            parts.Clear();
        }
    }

    /// <summary>Whether a keyword, as its letters alone, is written here: it begins and ends with parts.</summary>
    public bool Holds(string keyword)
    {
        for (int at = letters.IndexOf(keyword, StringComparison.OrdinalIgnoreCase); at >= 0;
            at = letters.IndexOf(keyword, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            int end = at + keyword.Length;
            if (starts[at] && starts[end] && (keyword.Length >= Sure || (!isTable && !IsSpelled(at - 1, -1) && !IsSpelled(end, 1)))) return true;
        }
        return false;
    }

    private static bool Continues(string text, Range before, int start, int end)
    {
        int gap = before.End.Value;
        if (start - gap == 1 && text[gap] == ' ' && (end - start > 1 || gap - before.Start.Value > 1)) return false; // as most words
        if (end - start == 1 && gap - before.Start.Value == 1 && start - gap <= WidestGap) return true;
        return JoinedWords.IsJoint(text, gap, start, out bool hasBlank) && !hasBlank;
    }

    private static bool IsBlank(ReadOnlySpan<char> gap) => gap.Length <= 2 && gap.IsWhiteSpace();

    // Whether single letters that are no words of their own go on from here.
    private bool IsSpelled(int at, int step)
    {
        for (; at >= 0 && at < letters.Length && starts[at] && starts[at + 1]; at += step)
            if (letters[at] is not ('a' or 'A' or 'i' or 'I' or 'o' or 'O')) return true;
        return false;
    }
}
