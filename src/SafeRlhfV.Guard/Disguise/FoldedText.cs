using System.Buffers;
using System.Globalization;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>
/// Undoes the cheapest ways to hide a word, code point by code point: invisible characters, letters of other kinds and look-alikes of other alphabets.
/// (Unicode's own folding is not at hand in invariant globalization.)
/// </summary>
internal static class FoldedText
{
    private const int Tags = 0xE0000, Alphabet = 0x1D400;

    // ASCII's control characters but tab and line breaks.
    private static readonly SearchValues<char> Controls = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Append(0x7F).Select(code => (char)code).Except(['\t', '\n', '\v', '\f', '\r'])]);

    // Cyrillic, Greek and phonetic letters that are drawn like Latin ones.
    private const string From =
        "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαινκ"
        + "вкмнтғρχτ"
        + "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻɑɡıℎℬℰℱℋℐℒℳℛℯℊℴℭℌℑℜℨℂℍℕℙℚℝℤ";
    private const string To =
        "aeopcyxijsdhqwABEKMHOPCTYXIJSABEZHIKMNOPTYXoaivk"
        + "bkmhtfpxt"
        + "abcdefghijklmnoprstuvwyzabcdefghijklmnoprstuvwxyzagihBEFHILMRegoCHIRZCHNPQRZ";

    // The Latin letters beneath U+00C0 to U+017F; a dot keeps the letter.
    private const string Accented =
        "AAAAAA.CEEEEIIIIDNOOOOO.OUUUUY..aaaaaa.ceeeeiiiidnooooo.ouuuuy.yAaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGg"
        + "GgGgHhHhIiIiIiIiIi..JjKkkLlLlLlLlLlNnNnNnn..OoOoOo..RrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

    // Those beneath U+1E00 to U+1EFF, Vietnamese ones among them.
    private const string MoreAccented =
        "AaBbBbBbCcDdDdDdDdDdEeEeEeEeEeFfGgHhHhHhHhHhIiIiKkKkKkLlLlLlLlMmMmMmNnNnNnNnOoOoOoOoPpPpRrRrRrRrSsSsSsSsSsTtTtTtTtUuUuUuUuUuVvVv"
        + "WwWwWwWwWwXxXxYyZzZzZzhtwy......AaAaAaAaAaAaAaAaAaAaAaAaEeEeEeEeEeEeEeEeIiIiOoOoOoOoOoOoOoOoOoOoOoOoUuUuUuUuUuUuUuYyYyYyYy......";

    /// <summary>The text without what cannot be seen.</summary>
    /// <param name="text">The text.</param>
    /// <param name="blanks">What stands for characters that are drawn as a blank but are letters or symbols by their kind; empty drops them.</param>
    /// <param name="keepsMarks">Whether accents and other marks stay.</param>
    public static string Visible(string text, string blanks = "", bool keepsMarks = false) => Map(text, rune =>
        keepsMarks && Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark ? null : IsInvisible(rune) ? "" : IsFalseBlank(rune) ? blanks : null);

    /// <summary>The text in plain letters, without what cannot be seen.</summary>
    public static string Of(string text) => Map(text, Fold);

    /// <summary>Whether a character is drawn as nothing, or as a blank that it is not.</summary>
    public static bool IsUnseen(Rune rune) => rune.IsAscii ? Controls.Contains((char)rune.Value) : IsInvisible(rune) || IsFalseBlank(rune);

    /// <summary>What becomes of a character in plain letters: another one, nothing (empty), or it stays (null).</summary>
    public static string? Fold(Rune rune) =>
        IsUnseen(rune) ? "" : Plain(rune.Value) is var plain and not '\0' ? plain.ToString() : null;

    /// <summary>The text with letters of mathematical and enclosed alphabets, and those that tag characters spell unseen, in plain letters.</summary>
    public static string Spelled(string text) => Map(text, rune => rune.Value is > Tags + 0x1F and < Tags + 0x7F ? ((char)(rune.Value - Tags)).ToString()
        : Styled(rune.Value) is var plain and not '\0' ? plain.ToString() : null);

    /// <summary>Whether a text has visible plain letters alone, so that nothing here changes it.</summary>
    public static bool IsPlain(string text) => Ascii.IsValid(text) && !text.AsSpan().ContainsAny(Controls);

    private static string Map(string text, Func<Rune, string?> map)
    {
        if (IsPlain(text)) return text;
        StringBuilder? mapped = null;
        int copied = 0, at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int end = at + rune.Utf16SequenceLength;
            if ((!rune.IsAscii || Controls.Contains((char)rune.Value)) && map(rune) is { } other)
            {
                (mapped ??= new(text.Length)).Append(text, copied, at - copied).Append(other);
                copied = end;
            }
            at = end;
        }
        return mapped is null ? text : mapped.Append(text, copied, text.Length - copied).ToString();
    }

    private static bool IsInvisible(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark
            or UnicodeCategory.PrivateUse
        || (rune.Value is not ('\t' or '\n' or '\v' or '\f' or '\r' or 0x85) && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control)
        || rune.Value is 0xFFFC or >= Tags and <= Tags + 0xFFF; // tags and variation selectors, and what Unicode keeps free beside them

    // Hangul fillers and the Braille blank.
    private static bool IsFalseBlank(Rune rune) => rune.Value is 0x115F or 0x1160 or 0x3164 or 0xFFA0 or 0x2800;

    private static char Plain(int rune)
    {
        if (Styled(rune) is var styled and not '\0') return styled;
        if (rune is >= 0xC0 and < 0x180) return Accented[rune - 0xC0] is var letter and not '.' ? letter : '\0';
        if (rune is >= 0x1E00 and < 0x1F00) return MoreAccented[rune - 0x1E00] is var other and not '.' ? other : '\0';
        int known = rune < 0x10000 ? From.IndexOf((char)rune) : -1;
        return known >= 0 ? To[known] : '\0';
    }

    private static char Letter(int at) => (char)(at < 26 ? 'A' + at : 'a' + at - 26);

    // Alphabets that are Latin letters in another dress; '\0' for all else.
    private static char Styled(int rune) => rune switch
    {
        >= 0xFF01 and <= 0xFF5E => (char)(rune - 0xFEE0), // full width
        >= Alphabet and < Alphabet + 0x2A4 => Letter((rune - Alphabet) % 52), // thirteen alphabets
        0x1D6A4 => 'i',
        0x1D6A5 => 'j',
        >= 0x1D7CE and <= 0x1D7FF => (char)('0' + ((rune - 0x1D7CE) % 10)),
        >= 0x24B6 and <= 0x24CF => (char)('A' + rune - 0x24B6), // in circles
        >= 0x24D0 and <= 0x24E9 => (char)('a' + rune - 0x24D0),
        >= 0x249C and <= 0x24B5 => (char)('a' + rune - 0x249C), // in brackets
        >= 0x1F110 and <= 0x1F129 => (char)('A' + rune - 0x1F110),
        >= 0x1F130 and <= 0x1F149 => (char)('A' + rune - 0x1F130), // in squares
        >= 0x1F150 and <= 0x1F169 => (char)('A' + rune - 0x1F150),
        >= 0x1F170 and <= 0x1F189 => (char)('A' + rune - 0x1F170),
        >= 0x1F1E6 and <= 0x1F1FF => (char)('A' + rune - 0x1F1E6), // of flags
        _ => '\0',
    };
}
