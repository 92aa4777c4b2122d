using System.Globalization;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Undoes the cheapest ways to hide a word from a pattern: invisible characters, full-width letters and look-alikes from other alphabets.</summary>
internal static class FoldedText
{
    // Cyrillic and Greek letters that are drawn like Latin ones. (Unicode's own folding is not at hand in invariant globalization.)
    private const string From = "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαινκ";
    private const string To = "aeopcyxijsdhqwABEKMHOPCTYXIJSABEZHIKMNOPTYXoaivk";

    public static string Of(string text)
    {
        if (Ascii.IsValid(text)) return text;
        StringBuilder folded = new(text.Length);
        foreach (char letter in text)
        {
            if (char.GetUnicodeCategory(letter) is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark) continue;
            int known = From.IndexOf(letter);
            folded.Append(known >= 0 ? To[known] : letter is >= '\uFF01' and <= '\uFF5E' ? (char)(letter - 0xFEE0) : letter);
        }
        return folded.ToString();
    }
}
