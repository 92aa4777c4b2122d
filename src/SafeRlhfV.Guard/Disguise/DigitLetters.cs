using System.Buffers;

namespace SafeRlhfV.Guard;

/// <summary>Reads digits and signs that stand for letters within words, such as "gr33n" and "c@r". Some stand for two letters: 1 is an i or an l.</summary>
internal static class DigitLetters
{
    private const int Shortest = 4, Longest = 32; // characters of a word
    private const int MostHumps = 1; // capitals behind small letters: more stand in Base64
    private const string Known = "0134578@!€$", Latin = "oieastbaies", OtherLatin = "oleastbales";
    private const string Cyrillic = "оіеаѕтваіеѕ", OtherCyrillic = "оізчѕтваіеѕ";
    private static readonly SearchValues<char> Any = SearchValues.Create(Known);

    /// <summary>Whether a text has any such digit or sign.</summary>
    public static bool MayBeIn(string text) => text.AsSpan().ContainsAny(Any);

    /// <summary>The text with such words in letters.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isOther">Whether those that stand for two letters are the second one.</param>
    public static EditedText Open(string text, bool isOther)
    {
        EditedText opened = new(text);
        List<(int, int, string)> edits = [];
        for (int at = Next(text, 0), done = 0; at >= 0; at = Next(text, done))
        {
            int start = at, end = at + 1;
            while (start > done && IsPart(text, start - 1)) start--;
            while (end < text.Length && IsPart(text, end)) end++;
            done = end;
            if (IsPart(text, at) && IsDisguised(text.AsSpan(start, end - start))) edits.Add((start, end, Plain(text[start..end], isOther)));
        }
        opened.Replace(edits);
        return opened;
    }

    private static int Next(string text, int from)
    {
        int next = text.AsSpan(from).IndexOfAny(Any);
        return next < 0 ? -1 : from + next;
    }

    // Signs stand for letters between letters alone; that of the dollar behind them too.
    private static bool IsPart(string text, int at) => text[at] switch
    {
        '$' => at > 0 && (char.IsLetterOrDigit(text[at - 1]) || text[at - 1] == '$'),
        '@' or '!' or '€' => at > 0 && at + 1 < text.Length && char.IsLetterOrDigit(text[at - 1]) && char.IsLetterOrDigit(text[at + 1]),
        _ => char.IsLetterOrDigit(text[at]),
    };

    // Not a number, a hash or a name with a number behind it: about half of it is letters, and one follows a digit.
    private static bool IsDisguised(ReadOnlySpan<char> word)
    {
        if (word.Length is < Shortest or > Longest || (word[0] == '0' && word[1] is 'x' or 'X')) return false;
        int letters = 0, humps = 0, first = -1, last = -1;
        bool hasOther = false; // than a hexadecimal digit
        for (int i = 0; i < word.Length; i++)
        {
            if (Any.Contains(word[i]))
            {
                if (first < 0) first = i;
                if (!char.IsAsciiDigit(word[i])) last = i;
            }
            else if (char.IsDigit(word[i])) return false;
            else
            {
                (letters, last) = (letters + 1, i);
                if (!char.IsAsciiHexDigit(word[i])) hasOther = true;
                if (i > 0 && char.IsUpper(word[i]) && char.IsLower(word[i - 1])) humps++;
            }
        }
        return first >= 0 && last >= first && hasOther && humps <= MostHumps && (2 * letters) + 1 >= word.Length;
    }

    private static string Plain(string word, bool isOther)
    {
        bool isCyrillic = word.AsSpan().ContainsAnyInRange('Ѐ', 'ӿ');
        string letters = isCyrillic ? isOther ? OtherCyrillic : Cyrillic : isOther ? OtherLatin : Latin;
        return string.Create(word.Length, (word, letters), static (plain, from) =>
        {
            for (int i = 0; i < plain.Length; i++) plain[i] = Known.IndexOf(from.word[i]) is var at and >= 0 ? from.letters[at] : from.word[i];
        });
    }
}
