using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>
/// An expression that has no scanner of its own, matched by the runtime. It sees UTF-16 units; so a code point beyond the basic plane is shown to it as one
/// unassuming character of the same category, which is right for expressions that speak of categories. Expressions that mean something else here
/// than in the reference engine are refused when they are read (<see cref="RegexTranslation"/>).
/// </summary>
internal sealed class RegexPattern(Regex regex) : TextPattern
{
    /// <summary>A character of each category, in the order of <see cref="UnicodeCategory"/>.</summary>
    internal const string StandIns =
        "\uA7F5\uA794\u1FFC\uA7F8\uA840\uA8E0\uA8B4\u20E4\uA8D0\uA6E6\uA830\u3000\u2028" +
        "\u2029\u0001\u2060\uD800\uE000\uFE4D\uFE58\uFE59\uFE5A\u2E20\u2E21\uA874\uFE62\uFDFC\uA789\uA836\uFFFE";

    // a symbol that `\w` matches, as it does its fellows beyond the basic plane
    private const char CircledLetter = '\u24B6';

    public override void Find(ReadOnlySpan<char> text, List<TextMatch> matches)
    {
        try
        {
            if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            {
                foreach (ValueMatch match in regex.EnumerateMatches(text)) matches.Add(new TextMatch(match.Index, match.Index + match.Length));
                return;
            }
            int[] places = new int[text.Length + 1];
            foreach (ValueMatch match in regex.EnumerateMatches(Basic(text, places)))
                matches.Add(new TextMatch(places[match.Index], places[match.Index + match.Length]));
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new InvalidInputException($"The tokenizer's expression {regex} takes more than {regex.MatchTimeout.TotalSeconds:0} s on a text of "
                + $"{text.Length} characters; use a tokenizer.json with a simpler one.", error);
        }
    }

    private static string Basic(ReadOnlySpan<char> text, int[] places)
    {
        StringBuilder basic = new(text.Length);
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            places[basic.Length] = at;
            basic.Append(rune.IsBmp ? (char)rune.Value : CodePoints.IsWord(rune) && Rune.IsSymbol(rune)
                ? CircledLetter
                : StandIns[(int)Rune.GetUnicodeCategory(rune)]);
            at += rune.Utf16SequenceLength;
        }
        places[basic.Length] = at;
        return basic.ToString();
    }
}
