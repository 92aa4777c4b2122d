using System.Globalization;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>
/// Classes of code points as the reference engine has them. Letters, numbers and white space agree with the runtime's for every code point (both Unicode 16).
/// </summary>
internal static class CodePoints
{
    private static readonly CodePointClass[] Basic =
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(code => char.IsSurrogate((char)code) ? CodePointClass.Other : Class(new Rune(code)))];

    /// <summary>The class of the code point at a place, and where the next one begins.</summary>
    public static CodePointClass ClassAt(ReadOnlySpan<char> text, int at, out int next)
    {
        next = at + 1;
        if (!char.IsHighSurrogate(text[at]) || next >= text.Length) return Basic[text[at]];
        next++;
        return Class(new Rune(text[at], text[at + 1]));
    }

    /// <summary>What `\w` means there: letters, marks, decimal and letter-like numbers, connectors, joiners, and circled letters.</summary>
    public static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true, // letters, marks and two kinds of numbers come first
        _ => rune.Value is 0x200C or 0x200D or >= 0x24B6 and <= 0x24E9 or >= 0x1F130 and <= 0x1F149 or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189,
    };

    /// <summary>How many code points a text has.</summary>
    public static int Count(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        foreach (char unit in text) if (char.IsLowSurrogate(unit)) count--;
        return count;
    }

    /// <summary>Numbers of every kind.</summary>
    public static bool IsNumber(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>
    /// Punctuation, and the symbols of ASCII. (The reference engine's own table is that of Unicode 8: it lacks about a hundred rare marks that are punctuation
    /// since.)
    /// </summary>
    public static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune) || rune.IsAscii && Rune.IsSymbol(rune);

    private static CodePointClass Class(Rune rune)
    {
        if (Rune.IsWhiteSpace(rune)) return rune.Value is '\r' or '\n' ? CodePointClass.NewLine : CodePointClass.Space;
        return Rune.IsLetter(rune) ? CodePointClass.Letter : IsNumber(rune) ? CodePointClass.Number : CodePointClass.Other;
    }
}
