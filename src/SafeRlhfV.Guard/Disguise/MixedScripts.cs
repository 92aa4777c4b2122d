namespace SafeRlhfV.Guard;

/// <summary>
/// Reads words in which letters of another alphabet stand for those that look alike: Latin ones in a Cyrillic or Greek word, and Cyrillic and Greek ones in a
/// Latin word. A word of look-alikes alone is read with the alphabet of the word beside it.
/// </summary>
internal static class MixedScripts
{
    private const string CyrillicFrom = "abcehiknmoprstuwxyABCEHIKMNOPSTXYlgd", CyrillicTo = "аьсенікпморгѕтишхуАВСЕНІКМИОРЅТХУІдд";
    private const string GreekFrom = "aeiknopuvxytwABEHIKMNOPTXYZ", GreekTo = "αεικηορυνχγτωΑΒΕΗΙΚΜΝΟΡΤΧΥΖ";
    private const string LatinFrom = "аесорхуіјѕһԁкмнтвгпиьАВСЕНІКМОРЅТХУαεικηορυνχγτωΑΒΕΗΙΚΜΝΟΡΤΧΥΖ";
    private const string LatinTo = "aecopxyijshdkmhtbrnubABCEHIKMOPSTXYaeiknopuvxytwABEHIKMNOPTXYZ";

    private enum Script
    {
        None,
        Latin,
        Cyrillic,
        Greek,
    }

    /// <summary>The text with such words in letters of one alphabet.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isLatin">Whether they become Latin; else Cyrillic or Greek.</param>
    public static EditedText Open(string text, bool isLatin)
    {
        EditedText opened = new(text);
        if (!text.AsSpan().ContainsAnyInRange('\u0370', '\u052F')) return opened;
        List<(int, int, string)> edits = [];
        Script before = Script.None;
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            while (end < text.Length && char.IsLetterOrDigit(text[end])) end++;
            if (end == start)
            {
                start++;
                continue;
            }
            (bool hasLatin, Script other) = Scripts(text.AsSpan(start, end - start));
            Script target = other == Script.None ? before : other;
            if (isLatin ? hasLatin && other != Script.None : hasLatin && target != Script.None)
            {
                string word = text[start..end], read = isLatin ? Map(word, LatinFrom, LatinTo)
                    : target == Script.Greek ? Map(word, GreekFrom, GreekTo) : Map(word, CyrillicFrom, CyrillicTo);
                if (read != word && (other != Script.None || IsWhole(read))) edits.Add((start, end, read));
            }
            before = other != Script.None ? other : hasLatin && before != Script.None && Map(text[start..end], CyrillicFrom, CyrillicTo) is var all
                && IsWhole(all) ? before : Script.None;
            start = end;
        }
        opened.Replace(edits);
        return opened;
    }

    private static (bool HasLatin, Script Other) Scripts(ReadOnlySpan<char> word)
    {
        bool hasLatin = word.ContainsAnyInRange('A', 'Z') || word.ContainsAnyInRange('a', 'z');
        return (hasLatin, word.ContainsAnyInRange('\u0400', '\u052F') ? Script.Cyrillic
            : word.ContainsAnyInRange('\u0370', '\u03FF') ? Script.Greek : Script.None);
    }

    // Every letter has become one of the other alphabet.
    private static bool IsWhole(string word) => !word.AsSpan().ContainsAnyInRange('A', 'Z') && !word.AsSpan().ContainsAnyInRange('a', 'z');

    private static string Map(string word, string from, string to) => string.Create(word.Length, (word, from, to), static (mapped, state) =>
    {
        for (int i = 0; i < mapped.Length; i++) mapped[i] = state.from.IndexOf(state.word[i]) is var at and >= 0 ? state.to[at] : state.word[i];
    });
}
