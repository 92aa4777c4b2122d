using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>
/// A text in plain letters, with accents composed, without what cannot be seen and with escapes opened, that knows where each of its characters stands in the
/// text as it was written.
/// </summary>
internal sealed partial class PlainLetters
{
    private const int Deepest = 4; // escapes in one another
    private readonly string text;
    private readonly (int Start, int End)[] places; // of each character in the text as it was written

    private PlainLetters(string text, (int Start, int End)[] places) => (this.text, this.places) = (text, places);

    /// <summary>What a text says in plain letters, and with its escapes opened once, twice and so on; empty where it is what it is.</summary>
    public static IReadOnlyList<PlainLetters> Of(string text)
    {
        List<PlainLetters> layers = [];
        PlainLetters? last = Edited(text, null, Folds(text));
        if (last is not null) layers.Add(last);
        if (last is not null && Edited(text, null, Compositions(text)) is { } composed) layers.Add(composed);
        string plain = last?.text ?? text;
        if (plain.Contains('=') && Edited(plain, last, Escapes(plain, Quoted())) is { } quoted) layers.Add(quoted); // by itself: a=41 is an escape seldom
        for (int depth = 0; depth < Deepest && Edited(last?.text ?? text, last, Escapes(last?.text ?? text, Escape())) is { } opened; depth++)
            layers.Add(last = Edited(opened.text, opened, Folds(opened.text)) ?? opened);
        return layers;
    }

    /// <summary>Where a kind of data stands in the text as it was written.</summary>
    public IEnumerable<Range> Find(SensitiveKind kind) =>
        kind.Find(text).Select(range => places[range.Start.Value].Start..places[range.End.Value - 1].End);

    // The text with parts replaced; null where none are.
    private static PlainLetters? Edited(string text, PlainLetters? before, List<(int Start, int End, string By)> edits)
    {
        if (edits.Count == 0) return null;
        StringBuilder built = new(text.Length);
        List<(int, int)> places = new(text.Length);
        int copied = 0;
        foreach ((int start, int end, string by) in edits)
        {
            Copy(start);
            built.Append(by);
            for (int i = 0; i < by.Length; i++) places.Add((Place(start).Start, Place(end - 1).End));
            copied = end;
        }
        Copy(text.Length);
        return new(built.ToString(), [.. places]);

        void Copy(int until)
        {
            built.Append(text, copied, until - copied);
            for (; copied < until; copied++) places.Add(Place(copied));
        }

        (int Start, int End) Place(int at) => before is null ? (at, at + 1) : before.places[at];
    }

    private static List<(int, int, string)> Folds(string text)
    {
        List<(int, int, string)> edits = [];
        if (FoldedText.IsPlain(text)) return edits;
        int at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int end = at + rune.Utf16SequenceLength;
            string? plain = rune.Value is 0x3002 or 0xFF61 ? "." : Separator(rune) ?? FoldedText.Fold(rune); // full stops that domain names allow
            if (plain is not null && !text.AsSpan(at..end).SequenceEqual(plain)) edits.Add((at, end, plain));
            at = end;
        }
        return edits;
    }

    // Letters with the accents that follow them.
    private static List<(int, int, string)> Compositions(string text)
    {
        List<(int, int, string)> edits = [];
        int start = 0, at = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!UnicodeForms.IsMark(rune) && rune.Value is not (>= 0x1161 and <= 0x11FF)) // the later parts of a Hangul syllable
            {
                Add(at);
                start = at;
            }
            at += rune.Utf16SequenceLength;
        }
        Add(at);
        return edits;

        void Add(int end)
        {
            if (end - start > 1 && UnicodeForms.Composed(text[start..end]) is var composed && composed.Length < end - start) edits.Add((start, end, composed));
        }
    }

    private static List<(int, int, string)> Escapes(string text, Regex escape)
    {
        List<(int, int, string)> edits = [];
        if (!text.AsSpan().ContainsAny("%&\\=")) return edits;
        byte[] bytes = new byte[4];
        int done = 0;
        for (Match match = escape.Match(text); match.Success; match = match.NextMatch())
        {
            if (match.Index < done) continue;
            if (match.ValueSpan[0] is not ('%' or '='))
            {
                if (Opened(match.ValueSpan) is { } opened) edits.Add((match.Index, match.Index + match.Length, opened));
                continue;
            }
            int count = 0; // the bytes of one character
            while (count < 4 && match.Index + (3 * count) + 2 < text.Length && text[match.Index + (3 * count)] == match.ValueSpan[0]
                && byte.TryParse(text.AsSpan(match.Index + (3 * count) + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture,
                    out bytes[count])) count++;
            if (Rune.DecodeFromUtf8(bytes.AsSpan(0, count), out Rune rune, out int used) != OperationStatus.Done) continue;
            done = match.Index + (3 * used);
            edits.Add((match.Index, done, rune.ToString()));
        }
        return edits;
    }

    // Of JSON, C or HTML; null where it is none.
    private static string? Opened(ReadOnlySpan<char> escape)
    {
        if (escape[0] == '&')
        {
            string written = $"{escape.TrimEnd(';')};", decoded = written switch
            {
                "&commat;" => "@",
                "&period;" => ".",
                "&plus;" => "+",
                "&hyphen;" => "-",
                _ => WebUtility.HtmlDecode(written)
            };
            return decoded == written ? null : decoded;
        }
        ReadOnlySpan<char> named = escape.TrimStart('\\');
        if (named.Length < 2) return named switch { "n" => "\n", "r" => "\r", "t" => "\t", "b" or "f" => " ", _ => named.ToString() };
        return int.TryParse(named[1..].Trim("{}"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code) && Rune.IsValid(code)
            ? new Rune(code).ToString() : null;
    }

    // Blanks and dashes of other kinds, which typography sets between the groups of a number.
    private static string? Separator(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.SpaceSeparator => " ",
        UnicodeCategory.DashPunctuation => "-",
        _ => rune.Value == 0x2212 ? "-" : null,
    };

    [GeneratedRegex(@"%[0-9A-Fa-f]{2}|&(?:#[0-9]{1,7};?|#[xX][0-9A-Fa-f]{1,6};?|[A-Za-z]{2,10};)"
        + @"|(?<!\\)\\+(?:u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[nrtbf""/])")]
    private static partial Regex Escape();

    // Quoted-printable text.
    [GeneratedRegex("=[0-9A-F]{2}")]
    private static partial Regex Quoted();
}
