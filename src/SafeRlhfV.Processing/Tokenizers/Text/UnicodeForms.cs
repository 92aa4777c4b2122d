using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>The four normalisation forms.</summary>
internal static class UnicodeForms
{
    /// <summary>A text in one of the forms.</summary>
    public static string Apply(string text, bool compose, bool compatibility)
    {
        if (IsPlain(text, compose, compatibility)) return text;
        List<int> codes = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes()) UnicodeData.Table.Decompose(rune.Value, compatibility, codes);
        Reorder(codes);
        if (compose) Compose(codes);
        StringBuilder result = new(text.Length);
        foreach (int code in codes) result.Append(new Rune(code).ToString());
        return result.ToString();
    }

    // most texts are in form already, and a look at each character shows it
    private static bool IsPlain(string text, bool compose, bool compatibility)
    {
        if (!compose || compatibility) return text.AsSpan().IndexOfAnyExceptInRange('\0', '\u009F') < 0;
        for (int i = text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF'); i >= 0 && i < text.Length; i++)
        {
            bool pair = char.IsHighSurrogate(text[i]);
            if (UnicodeData.Table.MayCompose(pair ? char.ConvertToUtf32(text[i], text[i + 1]) : text[i])) return false;
            if (pair) i++;
        }
        return true;
    }

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
