using System.Text;

namespace SafeRlhfV.Core;

/// <summary>
/// Unicode's four normalisation forms. <see cref="string.Normalize()"/> changes nothing where the program runs with invariant globalisation, and says nothing
/// of it.
/// </summary>
public static class UnicodeForms
{
    /// <summary>The text with accents and other marks composed (NFC), so that the same letters are the same characters.</summary>
    public static string Composed(string text) => Apply(text, compose: true, compatibility: false);

    /// <summary>A text in one of the forms: NFC, NFD, NFKC or NFKD. Halves of characters stay as they are.</summary>
    /// <param name="text">The text.</param>
    /// <param name="compose">Whether marks are composed with their letters.</param>
    /// <param name="compatibility">Whether characters of another dress, such as ligatures, become plain ones.</param>
    public static string Apply(string text, bool compose, bool compatibility)
    {
        if (IsPlain(text, compose, compatibility)) return text;
        List<int> codes = new(text.Length + 16);
        for (int i = 0; i < text.Length; i++)
        {
            bool pair = IsPair(text, i);
            UnicodeData.Table.Decompose(pair ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i], compatibility, codes);
            if (pair) i++;
        }
        Reorder(codes);
        if (compose) Compose(codes);
        StringBuilder result = new(text.Length);
        Span<char> letters = stackalloc char[2];
        foreach (int code in codes)
        {
            if (code <= char.MaxValue) result.Append((char)code);
            else result.Append(letters[..new Rune(code).EncodeToUtf16(letters)]);
        }
        return result.ToString();
    }

    /// <summary>Whether a character is a mark, such as an accent, that stands on the letter before it.</summary>
    public static bool IsMark(Rune rune) => UnicodeData.Table.IsMark(rune.Value);

    // most texts are in form already, and a look at each character shows it
    private static bool IsPlain(string text, bool compose, bool compatibility)
    {
        if (!compose || compatibility) return text.AsSpan().IndexOfAnyExceptInRange('\0', '\u009F') < 0;
        for (int i = text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF'); i >= 0 && i < text.Length; i++)
        {
            bool pair = IsPair(text, i);
            if (UnicodeData.Table.MayCompose(pair ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i])) return false;
            if (pair) i++;
        }
        return true;
    }

    private static bool IsPair(string text, int at) => at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]);

    // marks after a starter in the order of their classes; equal classes keep theirs
    private static void Reorder(List<int> codes)
    {
        for (int start = 0; start < codes.Count; start++)
        {
            if (UnicodeData.Table.ClassOf(codes[start]) == 0) continue;
            int end = start + 1;
            while (end < codes.Count && UnicodeData.Table.ClassOf(codes[end]) != 0) end++;
            int[] sorted = [.. codes[start..end].OrderBy(code => UnicodeData.Table.ClassOf(code))];
            for (int i = 0; i < sorted.Length; i++) codes[start + i] = sorted[i];
            start = end;
        }
    }

    private static void Compose(List<int> codes)
    {
        int starter = -1, kept = 0, lastClass = 0;
        for (int i = 0; i < codes.Count; i++)
        {
            int code = codes[i], of = UnicodeData.Table.ClassOf(code);
            // a mark is blocked by one of the same or a higher class between it and the starter, a starter by any mark
            bool adjacent = kept == starter + 1;
            if (starter >= 0 && (adjacent || of > lastClass) && UnicodeData.Table.Compose(codes[starter], code) is var composed and >= 0)
            {
                codes[starter] = composed;
                continue;
            }
            if (of == 0) starter = kept;
            lastClass = of;
            codes[kept++] = code;
        }
        codes.RemoveRange(kept, codes.Count - kept);
    }
}
