using System.Globalization;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>Opens text whose characters are written as numbers: decimal, octal or binary ones, or code points such as U+0061.</summary>
internal static partial class LetterCodes
{
    private const int FewestNumbers = 6, Several = 10, FewestOctets = 3;
    private const int WidestGap = 12;

    /// <summary>Opens such numbers.</summary>
    public static void Open(EditedText opened)
    {
        string text = opened.Text;
        if (text.AsSpan().IndexOfAnyInRange('0', '9') < 0) return;
        if (text.Contains("u+", StringComparison.OrdinalIgnoreCase)) opened.ReplaceMatches(CodePoints(), Points);
        List<(int, int, string)> edits = [];
        List<(int Start, int End)> run = [];
        for (int at = Next(opened.Text, 0); at >= 0;)
        {
            int end = at + 1;
            while (end < opened.Text.Length && char.IsAsciiDigit(opened.Text[end])) end++;
            if (run.Count > 0 && !IsGap(opened.Text.AsSpan(run[^1].End..at))) End();
            run.Add((at, end));
            at = Next(opened.Text, end);
        }
        End();
        opened.Replace(edits);

        void End()
        {
            edits.AddRange(Read(opened.Text, run));
            run.Clear();
        }
    }

    // The numbers of a run that are characters, in the first way of writing them that makes words.
    private static IEnumerable<(int, int, string)> Read(string text, List<(int Start, int End)> run)
    {
        for (int i = 0; i < run.Count; i++)
        {
            if (Octets(text, run, i, out int last) is { } binary)
            {
                yield return (run[i].Start, run[last].End, binary);
                i = last;
            }
            else if (run.Count - i >= FewestNumbers && (Numbers(text, run, i, 10, out last) ?? Numbers(text, run, i, 8, out last)) is { } numbers)
            {
                yield return (run[i].Start, Close(text, run[last].End), numbers);
                i = last;
            }
            else i = Math.Max(i, last); // what began here has been looked at
        }
    }

    // Binary digits, in groups of eight or seven, or together.
    private static string? Octets(string text, List<(int Start, int End)> run, int first, out int last)
    {
        last = first;
        int length = run[first].End - run[first].Start;
        if (length < 7 || text.AsSpan(run[first].Start, length).ContainsAnyExceptInRange('0', '1')) return null;
        List<char> digits = [];
        int size = length % 8 == 0 ? 8 : length % 7 == 0 ? 7 : 0;
        for (int i = first; i < run.Count; last = i++)
        {
            ReadOnlySpan<char> group = text.AsSpan(run[i].Start..run[i].End);
            if (size == 0 || group.Length % size != 0 || group.ContainsAnyExceptInRange('0', '1')) break;
            digits.AddRange(group);
        }
        if (size == 0 || digits.Count < FewestOctets * size) return null;
        byte[] bytes = [.. digits.Chunk(size).Select(group => (byte)group.Aggregate(0, (value, digit) => (value << 1) | (digit - '0')))];
        return EncodedText.Text(bytes) is { } read && EncodedText.IsWords(read) ? read : null;
    }

    // Numbers of two or three digits, each a byte.
    private static string? Numbers(string text, List<(int Start, int End)> run, int first, int @base, out int last)
    {
        last = first;
        List<byte> bytes = [];
        for (int i = first; i < run.Count; last = i++)
        {
            ReadOnlySpan<char> digits = text.AsSpan(run[i].Start..run[i].End);
            int value = 0;
            foreach (char digit in digits) value = digit - '0' < @base && value <= 255 ? (value * @base) + (digit - '0') : 256;
            if (digits.Length is < 2 or > 3 || value is < 9 or > 255) break;
            bytes.Add((byte)value);
        }
        return bytes.Count >= FewestNumbers && EncodedText.Text([.. bytes]) is { } read && EncodedText.IsWords(read)
            && (bytes.Count >= Several || bytes.Count == run.Count) ? read : null; // a few of many numbers make a word by chance
    }

    private static bool IsGap(ReadOnlySpan<char> gap)
    {
        if (gap.Length > WidestGap) return false;
        foreach (char letter in gap)
            if (char.IsLetter(letter) && !"chrCHRaA".Contains(letter, StringComparison.Ordinal)) return false;
        return true;
    }

    // A bracket of chr(112) that stays open.
    private static int Close(string text, int end) => end < text.Length && text[end] == ')' ? end + 1 : end;

    private static int Next(string text, int from)
    {
        int next = text.AsSpan(from).IndexOfAnyInRange('0', '9');
        return next < 0 ? -1 : from + next;
    }

    private static string Points(Match match) => string.Concat(Point().Matches(match.Value).Select(point =>
        int.Parse(point.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is var code && System.Text.Rune.IsValid(code)
            ? new System.Text.Rune(code).ToString() : point.Value));

    [GeneratedRegex(@"U\+[0-9A-Fa-f]{4,6}(?:[^\p{L}\p{N}]{0,3}U\+[0-9A-Fa-f]{4,6}){2,}", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CodePoints();

    [GeneratedRegex(@"U\+([0-9A-Fa-f]{4,6})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Point();
}
