using System.Globalization;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>A text in plain letters, without what cannot be seen, that knows where each of its characters stands in the text as it was written.</summary>
internal sealed class PlainLetters
{
    private readonly List<int> starts = [], ends = [];
    private readonly string text;

    private PlainLetters(string written)
    {
        StringBuilder plain = new(written.Length);
        Span<char> letters = stackalloc char[2];
        int at = 0;
        foreach (Rune rune in written.EnumerateRunes())
        {
            int end = at + rune.Utf16SequenceLength;
            ReadOnlySpan<char> read = rune.Value is 0x3002 or 0xFF61 ? "." // full stops of East Asia, which domain names allow
                : (Separator(rune) ?? FoldedText.Fold(rune)) is { } other ? other : letters[..rune.EncodeToUtf16(letters)];
            foreach (char letter in read)
            {
                plain.Append(letter);
                starts.Add(at);
                ends.Add(end);
            }
            at = end;
        }
        text = plain.ToString();
    }

    // Blanks and dashes of other kinds, which typography sets between the groups of a number.
    private static string? Separator(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.SpaceSeparator => " ",
        UnicodeCategory.DashPunctuation => "-",
        _ => rune.Value == 0x2212 ? "-" : null,
    };

    /// <summary>The plain letters of a text; null where it has no others.</summary>
    public static PlainLetters? Of(string text) => FoldedText.IsPlain(text) ? null : new(text);

    /// <summary>Where a kind of data stands in the text as it was written.</summary>
    public IEnumerable<Range> Find(SensitiveKind kind) => kind.Find(text).Select(range => starts[range.Start.Value]..ends[range.End.Value - 1]);
}
