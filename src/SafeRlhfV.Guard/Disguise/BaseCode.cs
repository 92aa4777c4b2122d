using System.Buffers;

namespace SafeRlhfV.Guard;

/// <summary>Opens Base32, and Base85 in the alphabets of Ascii85, RFC 1924 and Z85.</summary>
internal static class BaseCode
{
    private const int Shortest32 = 16, Shortest85 = 15; // in shorter ones too many words decode to letters by chance
    private const string Quotes = "\"'`()[]<>{}~.,;:";
    private static readonly SearchValues<char> Digits32 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz");
    private static readonly SearchValues<char> Printed = SearchValues.Create([.. Enumerable.Range('!', 94).Select(code => (char)code)]);

    private static readonly CodeTable[] Alphabets =
    [
        new(string.Concat(Enumerable.Range('!', 85).Select(code => (char)code))),
        new("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"),
        new("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"),
    ];

    /// <summary>Opens such code.</summary>
    public static void Open(EditedText opened)
    {
        opened.Replace(Find(opened.Text, Digits32, Shortest32, Open32));
        opened.Replace(Find(opened.Text, Printed, Shortest85, Open85));
    }

    private static List<(int Start, int End, string By)> Find(string text, SearchValues<char> digits, int shortest,
        Func<string, int, int, (int, int, string)?> open)
    {
        List<(int, int, string)> edits = [];
        for (int at = 0; at < text.Length;)
        {
            int start = text.AsSpan(at).IndexOfAny(digits);
            if (start < 0) break;
            start += at;
            int length = text.AsSpan(start).IndexOfAnyExcept(digits), end = length < 0 ? text.Length : start + length;
            if (end - start >= shortest && open(text, start, end) is { } edit) edits.Add(edit);
            at = end + 1;
        }
        return edits;
    }

    private static (int, int, string)? Open32(string text, int start, int end)
    {
        ReadOnlySpan<char> run = text.AsSpan(start, end - start);
        bool hasLower = run.ContainsAnyInRange('a', 'z');
        if (hasLower && (run.ContainsAnyInRange('A', 'Z') || !run.ContainsAnyInRange('2', '7'))) return null; // a word
        List<byte> bytes = new(run.Length * 5 / 8);
        int buffer = 0, filled = 0;
        foreach (char letter in run)
        {
            buffer = ((buffer << 5) | (char.IsAsciiDigit(letter) ? letter - '2' + 26 : (letter | 0x20) - 'a')) & 0xFFFF;
            filled += 5;
            if (filled < 8) continue;
            filled -= 8;
            bytes.Add((byte)(buffer >> filled));
        }
        if (EncodedText.Text([.. bytes]) is not { } read || !EncodedText.IsWords(read)) return null;
        while (end < text.Length && text[end] == '=') end++;
        return (start, end, read);
    }

    // The run itself, and without the quotation marks and brackets that may stand around it.
    private static (int, int, string)? Open85(string text, int start, int end)
    {
        int from = start, to = end;
        if (text.AsSpan(start, end - start) is ['<', '~', .., '~', '>'])
            return Decode85(text.AsSpan(start + 2, end - start - 4), Alphabets[0]) is { } marked ? (start, end, marked) : null;
        while (from < to && Quotes.Contains(text[from])) from++;
        while (to > from && Quotes.Contains(text[to - 1])) to--;
        foreach (CodeTable alphabet in Alphabets)
        {
            if (Decode85(text.AsSpan(start, end - start), alphabet) is { } whole) return (start, end, whole);
            if (from > start && Decode85(text.AsSpan(from, end - from), alphabet) is { } tail) return (from, end, tail);
            if (to < end && Decode85(text.AsSpan(start, to - start), alphabet) is { } head) return (start, to, head);
            if (from > start && to < end && Decode85(text.AsSpan(from, to - from), alphabet) is { } inner) return (from, to, inner);
        }
        return null;
    }

    // Most text is told from code by its first five digits.
    private static string? Decode85(ReadOnlySpan<char> digits, CodeTable alphabet)
    {
        if (digits.Length < Shortest85) return null;
        byte[] bytes = new byte[(digits.Length / 5 * 4) + 4];
        int count = 0;
        for (int at = 0; at < digits.Length; at += 5)
        {
            int length = Math.Min(5, digits.Length - at);
            if (length == 1) return null;
            ulong value = 0;
            for (int i = 0; i < 5; i++)
            {
                int digit = i >= length ? 84 : alphabet.Value(digits[at + i]);
                if (digit < 0) return null;
                value = (value * 85) + (ulong)digit;
            }
            if (value > uint.MaxValue) return null;
            for (int i = 0; i < length - 1; i++)
            {
                byte one = (byte)(value >> (24 - (8 * i)));
                if (one is < 0x20 and not ((byte)'\t' or (byte)'\n' or (byte)'\r') or 0x7F) return null;
                bytes[count++] = one;
            }
        }
        return EncodedText.Text(bytes[..count]) is { } read && EncodedText.IsWords(read) ? read : null;
    }
}
