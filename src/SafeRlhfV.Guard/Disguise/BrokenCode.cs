using System.Buffers;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>
/// Opens Base64, Base32 and hexadecimal digits that blanks, line breaks, commas, quotation marks and other signs break into pieces of any length.
/// </summary>
internal static class BrokenCode
{
    private const int Shortest = 12, Shortest32 = 16; // characters
    private const int ShortestText = 12; // characters that pieces with other signs between them make
    private const int Starts = 4; // tried for one piece of code, since a word before it may decode to letters by chance
    private const int Ends = 3; // tried, since a word behind it may
    private const int Tail = 200;
    private const int MostCapitals = 3; // pieces on end that begin with one
    private const int Patience = 64; // pieces that may be read in vain before they are skipped
    private const int WidestGap = 40; // with the indentation of a line

    private static readonly int[] Bits = [6, 5, 4]; // of a digit

    // By bits, from 4 on: "-_" stand for "+/", and capitals for small hexadecimal digits.
    private static readonly CodeTable[] Tables =
    [
        new("0123456789abcdef", "ABCDEF"), new("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_"),
    ];

    private static readonly SearchValues<char>[] Digits = [.. new[] { 4, 5, 6 }.Select(bits =>
        SearchValues.Create([.. Enumerable.Range(0, 128).Select(code => (char)code).Where(letter => Value(letter, bits) >= 0)]))];

    private static readonly SearchValues<char> Gap = SearchValues.Create(" \t\r\n>|");
    private static readonly SearchValues<char> Signs = SearchValues.Create("+/-_"); // digits of Base64, and gaps where they stand alone
    private static readonly SearchValues<char> WideGap =
        SearchValues.Create(" \t\r\n>|,;:\"'`\\.()[]{}<*•·#~&+/-_0123456789"); // digits: of a list's numbering

    /// <summary>The text with such code opened; null where there is none.</summary>
    /// <param name="text">The text.</param>
    /// <returns>
    /// With blanks, line breaks and the marks of quotations in mail between pieces; and with any signs between them, where more is asked of a text.
    /// </returns>
    public static (EditedText Narrow, EditedText Wide)? Open(string text)
    {
        int[] kinds = [.. Bits.Where(bits => HasCode(text, bits))];
        if (kinds.Length == 0) return null;
        EditedText narrow = new(text), wide = new(text);
        foreach (int bits in kinds)
        {
            narrow.Replace(Codes(narrow.Text, bits, isWide: false));
            wide.Replace(Codes(wide.Text, bits, isWide: true));
        }
        return (narrow, wide);
    }

    // Where such code stands, and what it says.
    private static List<(int Start, int End, string By)> Codes(string text, int bits, bool isWide)
    {
        List<Piece> pieces = Pieces(text, bits, isWide);
        StringBuilder scratch = new();
        List<(int Start, int End, string By)> codes = [];
        for (int first = 0; first < pieces.Count; first++)
        {
            if (pieces[first].IsEnd || !MayBegin(text, pieces[first], bits)) continue;
            Reading main = Read(text, pieces, first, bits, isWide, scratch);
            if (!main.IsCode)
            {
                if (main.Last - first > Patience) first = main.Last; // long and no text: its parts are none either
                continue;
            }
            int last = main.Last;
            StringBuilder found = new(main.Text);
            if (pieces[last].End == text.Length || text[pieces[last].End] != '=')
                foreach (int end in main.Ends.SkipLast(1).TakeLast(Ends)) found.Append('\n').Append(main.Text, Math.Max(0, end - Tail), Math.Min(end, Tail));
            for (int other = first + 1; other < first + Starts && other < pieces.Count; other++)
            {
                Reading one = Read(text, pieces, other, bits, isWide, scratch);
                if (!one.IsCode || (one.Last <= last && main.Text.EndsWith(one.Text, StringComparison.Ordinal))) continue;
                found.Append('\n').Append(one.Text);
                last = Math.Max(last, one.Last);
            }
            int codeEnd = pieces[last].End;
            while (codeEnd < text.Length && text[codeEnd] == '=') codeEnd++;
            codes.Add((pieces[first].Start, codeEnd, found.ToString()));
            first = last;
        }
        return codes;
    }

    // A cheap look, since most texts are prose: it has capitals and digits at the beginning of words, and seldom in several words on end; and few words on end
    // in capitals, or in hexadecimal digits.
    private static bool HasCode(string text, int bits)
    {
        int capitals = 0, chain = 0, last = 0;
        for (int at = 0; NextPiece(text, bits, true, at, out int start, out int end); at = last = end)
        {
            ReadOnlySpan<char> code = text.AsSpan(start..end);
            if (bits == 6)
            {
                if (code[1..].ContainsAnyInRange('A', 'Z') || code[1..].ContainsAnyInRange('0', '9')) return true;
                capitals = code[0] is (>= 'A' and <= 'Z') or (>= '0' and <= '9') ? capitals + 1 : 0;
                if (capitals == MostCapitals) return true;
                continue;
            }
            chain = code.Length + (last > 0 && IsGap(text.AsSpan(last..start), true) ? chain : 0);
            if (chain >= (bits == 5 ? Shortest32 : Shortest)) return true;
        }
        return false;
    }

    // The runs of code characters, and whether each goes on in the next.
    private static List<Piece> Pieces(string text, int bits, bool isWide)
    {
        List<Piece> pieces = [];
        for (int at = 0; NextPiece(text, bits, isWide, at, out int start, out int end); at = end)
        {
            if (pieces.Count > 0) pieces[^1] = pieces[^1] with { IsEnd = !IsGap(text.AsSpan(pieces[^1].End..start), isWide) };
            pieces.Add(new(start, end, true));
        }
        return pieces;
    }

    private static bool NextPiece(string text, int bits, bool isWide, int from, out int start, out int end)
    {
        end = from;
        for (start = from; start < text.Length; start = end)
        {
            int next = text.AsSpan(start).IndexOfAny(Digits[bits - 4]);
            if (next < 0) break;
            start += next;
            int length = text.AsSpan(start).IndexOfAnyExcept(Digits[bits - 4]);
            end = length < 0 ? text.Length : start + length;
            if (isWide && start > 0 && text[start - 1] == '\\' && text[start] is 'n' or 'r' or 't') start++; // an escape of its own
            if (start < end && !(isWide && (!text.AsSpan(start..end).ContainsAnyExcept(Signs) || IsNumbering(text, start, end)))) return true;
        }
        start = end = text.Length;
        return false;
    }

    private static bool IsGap(ReadOnlySpan<char> gap, bool isWide)
    {
        if (gap.Length is 0 or > WidestGap) return false;
        for (int i = 0; i < gap.Length; i++)
            if (isWide ? !WideGap.Contains(gap[i]) && !(i > 0 && gap[i - 1] == '\\') : !Gap.Contains(gap[i])) return false;
        return true;
    }

    // Of a list: "1. ", "2) ".
    private static bool IsNumbering(string text, int start, int end) => end - start <= 3 && end + 1 < text.Length && text[end] is '.' or ')' or ':'
        && char.IsWhiteSpace(text[end + 1]) && !text.AsSpan(start, end - start).ContainsAnyExceptInRange('0', '9')
        && (start == 0 || text[start - 1] == '\n');

    private static Reading Read(string text, List<Piece> pieces, int first, int bits, bool isWideGap,
        StringBuilder scratch)
    {
        if (pieces[first].IsEnd || !MayBegin(text, pieces[first], bits)) return new(first, "", [], false);
        Reading narrow = Read(text, pieces, first, bits, isWideGap, scratch, isWide: false);
        if (narrow.IsCode || isWideGap) return narrow;
        return Read(text, pieces, first, bits, isWideGap, scratch, isWide: true) is { IsCode: true } wide ? wide : narrow;
    }

    // Reads as far as what comes is text.
    private static Reading Read(string text, List<Piece> pieces, int first, int bits, bool isWideGap, StringBuilder read, bool isWide)
    {
        read.Clear();
        Span<byte> held = stackalloc byte[4];
        int count = 0, buffer = 0, filled = 0, last = first, written = 0, characters = 0, at = first;
        List<int>? ends = null;
        for (bool isText = true; ; at++)
        {
            Piece piece = pieces[at];
            for (int i = piece.Start; i < piece.End && isText; i++)
            {
                buffer = (buffer << bits) | Value(text[i], bits);
                filled += bits;
                if (filled < 8) continue;
                filled -= 8;
                held[count++] = (byte)(buffer >> filled);
                buffer &= (1 << filled) - 1;
                isText = Take(held, ref count, read, isWide);
            }
            if (!isText) break;
            written += piece.End - piece.Start;
            if (count == 0)
            {
                (last, characters) = (at, written);
                (ends ??= []).Add(read.Length);
            }
            if (piece.IsEnd) break;
        }
        if (last == first || characters < (bits == 5 ? Shortest32 : Shortest)) return new(Math.Max(last, at - 1), "", ends ?? [], false);
        string found = read.ToString(0, ends![^1]);
        bool isCode = (isWideGap ? found.Length >= ShortestText && EncodedText.IsWords(found) : found.Count(char.IsLetter) * 2 >= found.Length)
            && (bits == 4 || IsMixed(text.AsSpan(pieces[first].Start..pieces[last].End), bits));
        return new(last, found, ends, isCode);
    }

    // Most words of prose are told by their first byte.
    private static bool MayBegin(string text, Piece piece, int bits)
    {
        if (piece.End - piece.Start < 2) return true;
        int first = ((Value(text[piece.Start], bits) << bits) | Value(text[piece.Start + 1], bits)) >> ((2 * bits) - 8);
        return first is '\n' or '\r' or '\t' or (>= 0x20 and < 0x80) or (>= 0xC2 and < 0xF5) || HasWideStart(text, piece, bits);
    }

    private static bool HasWideStart(string text, Piece piece, int bits)
    {
        int needed = 16 / bits;
        if (piece.End - piece.Start <= needed) return true;
        int buffer = 0;
        for (int i = 0; i <= needed && i < 4; i++) buffer = (buffer << bits) | Value(text[piece.Start + i], bits);
        return ((buffer >> ((4 * bits) - 16)) & 0xFF) < 8;
    }

    // Takes a character where its bytes are complete; false where they are none that a person could read.
    private static bool Take(Span<byte> held, ref int count, StringBuilder read, bool isWide)
    {
        if (isWide)
        {
            if (count < 2) return true;
            Rune unit = new((char)(held[0] | (held[1] << 8) & 0x0700)); // the scripts of Europe and the Near East
            if (held[1] > 7 || !EncodedText.IsReadable(unit)) return false;
            read.Append((char)unit.Value);
            count = 0;
            return true;
        }
        OperationStatus status = Rune.DecodeFromUtf8(held[..count], out Rune rune, out _);
        if (status == OperationStatus.NeedMoreData) return true;
        if (status != OperationStatus.Done || !EncodedText.IsReadable(rune)) return false;
        Span<char> letters = stackalloc char[2];
        read.Append(letters[..rune.EncodeToUtf16(letters)]);
        count = 0;
        return true;
    }

    // Words in lower case alone are prose.
    private static bool IsMixed(ReadOnlySpan<char> code, int bits) => bits == 5 ? code.ContainsAnyInRange('2', '7') :
        code.ContainsAnyInRange('a', 'z') && (code.ContainsAnyInRange('A', 'Z') || code.ContainsAnyInRange('0', '9'));

    // What a character stands for; -1 for what is no code.
    private static int Value(char letter, int bits) => Tables[bits - 4].Value(letter);

    private readonly record struct Piece(int Start, int End, bool IsEnd);

    /// <summary>What a piece and those behind it say.</summary>
    /// <param name="Last">The last piece that was read.</param>
    /// <param name="Text">The text.</param>
    /// <param name="Ends">How much of the text had been read at the end of each piece.</param>
    /// <param name="IsCode">Whether several pieces make a text.</param>
    private readonly record struct Reading(int Last, string Text, IReadOnlyList<int> Ends, bool IsCode);
}
