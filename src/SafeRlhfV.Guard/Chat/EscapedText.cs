using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>
/// Opens the escapes of JSON in a text (<c>\u0066</c>, <c>\"</c>, <c>\n</c>), which would hide words from a moderator, also where JSON stands in a string of
/// other JSON. It needs no valid JSON: a cut text is opened too.
/// </summary>
public static partial class EscapedText
{
    private const int Deepest = 8; // JSON in JSON
    private const int Least = 65_536, Times = 4; // characters, and times the text's length: how much may be added

    /// <summary>
    /// The text itself, then on lines of their own what it becomes when its escapes are opened once, twice, and so on, within bounds:
    /// <see cref="TextReadings"/> opens what is left, or refuses it.
    /// </summary>
    public static string WithOpened(string text)
    {
        if (!text.Contains('\\')) return text;
        StringBuilder all = new(text);
        int most = Least + (Times * Math.Min(text.Length, int.MaxValue / 16));
        for (int depth = 0; depth < Deepest && all.Length < most; depth++)
        {
            string opened = Escape().Replace(text, Open);
            if (opened == text) break;
            all.Append('\n').Append(opened);
            text = opened;
        }
        return all.ToString();
    }

    private static string Open(Match escape) => escape.ValueSpan[1] switch
    {
        'u' => ((char)ushort.Parse(escape.ValueSpan[2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)).ToString(),
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'b' or 'f' => " ",
        char other => other.ToString(),
    };

    [GeneratedRegex("""\\(?:u[0-9A-Fa-f]{4}|["\\/bfnrt])""")]
    private static partial Regex Escape();
}
