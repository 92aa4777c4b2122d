using System.Globalization;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>BERT's normalizer: controls out, white space to spaces, spaces around Chinese characters, accents off, lower case, each where asked for.</summary>
internal sealed class BertNormalizer(bool clean, bool spaceChinese, bool stripAccents, bool lowercase) : TextNormalizer
{
    private static readonly LowercaseNormalizer Lower = new();

    public override string Apply(string text)
    {
        if (clean) text = Map(text, Clean);
        if (spaceChinese) text = Map(text, static (rune, result) => Surround(rune, result));
        if (stripAccents) text = Map(UnicodeForms.Apply(text, compose: false, compatibility: false), DropMark);
        return lowercase ? Lower.Apply(text) : text;
    }

    private static string Map(string text, Action<Rune, StringBuilder> map)
    {
        StringBuilder result = new(text.Length + 8);
        foreach (Rune rune in text.EnumerateRunes()) map(rune, result);
        return result.ToString();
    }

    private static void Clean(Rune rune, StringBuilder result)
    {
        if (rune.Value is '\t' or '\n' or '\r') result.Append(' ');
        else if (rune.Value is 0 or 0xFFFD || IsControl(rune)) return;
        else if (Rune.IsWhiteSpace(rune)) result.Append(' ');
        else Append(result, rune);
    }

    private static void Surround(Rune rune, StringBuilder result)
    {
        if (!IsChinese(rune.Value))
        {
            Append(result, rune);
            return;
        }
        result.Append(' ');
        Append(result, rune);
        result.Append(' ');
    }

    private static void DropMark(Rune rune, StringBuilder result)
    {
        if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark) Append(result, rune);
    }

    private static bool IsControl(Rune rune) =>
        Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    // the reference's list, its gap at 2B820 included
    private static bool IsChinese(int code) => code is >= 0x4E00 and <= 0x9FFF or >= 0x3400 and <= 0x4DBF or >= 0x20000 and <= 0x2A6DF
        or >= 0x2A700 and <= 0x2B73F or >= 0x2B740 and <= 0x2B81F or >= 0x2B920 and <= 0x2CEAF or >= 0xF900 and <= 0xFAFF or >= 0x2F800 and <= 0x2FA1F;

    private static void Append(StringBuilder result, Rune rune)
    {
        if (rune.IsBmp) result.Append((char)rune.Value);
        else result.Append(rune.ToString());
    }
}
