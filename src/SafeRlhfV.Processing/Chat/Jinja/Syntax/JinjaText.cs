using System.Globalization;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>What Python and Jinja2 hold for white space, names and escapes in a template's text.</summary>
internal static class JinjaText
{
    /// <summary>Characters that str.isspace is true for.</summary>
    public const string WhiteSpace =
        "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000";

    public static bool IsSpace(char character) => WhiteSpace.Contains(character);

    /// <summary>CRLF and CR become LF.</summary>
    public static string NormalizeLineBreaks(string text) => text.Contains('\r') ? text.Replace("\r\n", "\n").Replace('\r', '\n') : text;

    /// <summary>Whether Python takes the word for a name: no digit or mark at its start.</summary>
    public static bool IsIdentifier(string word)
    {
        if (word.Length == 0) return false;
        bool first = true;
        foreach (Rune rune in word.EnumerateRunes())
        {
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);
            bool starts = rune.Value == '_' || Rune.IsLetter(rune) || category == UnicodeCategory.LetterNumber;
            bool follows = starts || category is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.ConnectorPunctuation;
            if (first ? !starts : !follows) return false;
            first = false;
        }
        return true;
    }

    /// <summary>A string literal's value: Python's escapes; an unknown one keeps its backslash.</summary>
    public static string Unescape(string literal, int line)
    {
        if (!literal.Contains('\\')) return literal;
        StringBuilder text = new(literal.Length);
        for (int at = 0; at < literal.Length; at++)
        {
            if (literal[at] != '\\')
            {
                text.Append(literal[at]);
                continue;
            }
            if (++at >= literal.Length) throw JinjaException.Syntax("\\ at end of string", line);
            char kind = literal[at];
            switch (kind)
            {
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(kind); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'n': text.Append('\n'); break;
                case 'r': text.Append('\r'); break;
                case 't': text.Append('\t'); break;
                case 'v': text.Append('\v'); break;
                case 'x': AppendHex(2, "truncated \\xXX escape"); break;
                case 'u': AppendHex(4, "truncated \\uXXXX escape"); break;
                case 'U': AppendHex(8, "truncated \\UXXXXXXXX escape"); break;
                case 'N': AppendNamed(); break;
                case >= '0' and <= '7':
                    int value = 0, end = Math.Min(at + 3, literal.Length);
                    for (; at < end && literal[at] is >= '0' and <= '7'; at++) value = value * 8 + (literal[at] - '0');
                    at--;
                    text.Append((char)value);
                    break;
                default: text.Append('\\').Append(kind); break;
            }

            void AppendHex(int digits, string fault)
            {
                if (at + digits >= literal.Length
                    || !uint.TryParse(literal.AsSpan(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code))
                    throw JinjaException.Syntax(fault, line);
                if (code > 0x10FFFF) throw JinjaException.Syntax("illegal Unicode character", line);
                if (code < 0x10000) text.Append((char)code);
                else text.Append(char.ConvertFromUtf32((int)code));
                at += digits;
            }

            void AppendNamed()
            {
                int close = literal.IndexOf('}', at);
                if (at + 1 >= literal.Length || literal[at + 1] != '{' || close < 0) throw JinjaException.Syntax("malformed \\N character escape", line);
                string name = literal[(at + 2)..close];
                text.Append(CharacterNames.Find(name)
                    ?? throw JinjaException.Syntax($"unknown Unicode character name '{name}' (the names of Latin-1 and of general punctuation are known)",
                        line));
                at = close;
            }
        }
        return text.ToString();
    }
}
