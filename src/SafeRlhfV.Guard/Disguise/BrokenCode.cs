using System.Buffers;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Opens Base64 and hexadecimal digits that blanks, line breaks or quotation marks of mail break into pieces of any length.</summary>
internal static class BrokenCode
{
    private const int Shortest = 12; // characters
    private const int Starts = 4; // tried for one piece of code, since a word before it may decode to letters by chance
    private const int Ends = 3; // tried, since a word behind it may
    private const int Tail = 200;
    private const int MostCapitals = 3; // pieces on end that begin with one
    private const int Patience = 64; // pieces that may be read in vain before they are skipped
    private const int WidestGap = 40; // with the indentation of a line

    // "-_" stand for "+/", and capitals for small letters
    private static readonly sbyte[] Base64Values = Values("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", "-_");
    private static readonly sbyte[] HexValues = Values("0123456789abcdef", "ABCDEF");
    private static readonly SearchValues<char> Gap = SearchValues.Create(" \t\r\n>|");

    /// <summary>The text with such code opened.</summary>
    public static EditedText Open(string text)
    {
        EditedText opened = new(text);
        opened.Replace(Codes(opened.Text, 6));
        opened.Replace(Codes(opened.Text, 4));
        return opened;
    }

    // Where such code stands, and what it says.
    private static List<(int Start, int End, string By)> Codes(string text, int bits)
    {
        if (bits == 6 ? !LooksLikeCode(text) : !HexDigits.MayHold(text, Shortest)) return [];
        List<Piece> pieces = Pieces(text, bits);
        StringBuilder scratch = new();
        List<(int Start, int End, string By)> codes = [];
        for (int first = 0; first < pieces.Count; first++)
        {
            if (pieces[first].IsEnd || !MayBegin(text, pieces[first], bits)) continue;
            Reading main = Read(text, pieces, first, bits, scratch);
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
                Reading one = Read(text, pieces, other, bits, scratch);
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

    // Prose has capitals and digits at the beginning of words, and seldom in several words on end. A cheap look: most texts are prose.
    private static bool LooksLikeCode(string text)
    {
        int capitals = 0;
        bool isWithin = false; // a piece
        foreach (char letter in text)
        {
            if (Value(letter, 6) < 0)
            {
                isWithin = false;
                continue;
            }
            bool isCapital = letter is (>= 'A' and <= 'Z') or (>= '0' and <= '9');
            if (isCapital && isWithin) return true;
            if (isWithin) continue;
            isWithin = true;
            capitals = isCapital ? capitals + 1 : 0;
            if (capitals == MostCapitals) return true;
        }
        return false;
    }

    // The runs of code characters, and whether each goes on in the next.
    private static List<Piece> Pieces(string text, int bits)
    {
        List<Piece> pieces = [];
        for (int i = 0; i < text.Length; i++)
        {
            if (Value(text[i], bits) < 0) continue;
            int end = i + 1;
            while (end < text.Length && Value(text[end], bits) >= 0) end++;
            int gap = end;
            while (gap < text.Length && gap - end <= WidestGap && Gap.Contains(text[gap])) gap++;
            bool goesOn = gap > end && gap < text.Length && Value(text[gap], bits) >= 0;
            pieces.Add(new(i, end, !goesOn));
            i = end;
        }
        return pieces;
    }

    private static Reading Read(string text, List<Piece> pieces, int first, int bits, StringBuilder scratch)
    {
        if (pieces[first].IsEnd || !MayBegin(text, pieces[first], bits)) return new(first, "", [], false);
        Reading narrow = Read(text, pieces, first, bits, scratch, isWide: false);
        return narrow.IsCode ? narrow : Read(text, pieces, first, bits, scratch, isWide: true) is { IsCode: true } wide ? wide : narrow;
    }

    // Reads as far as what comes is text.
    private static Reading Read(string text, List<Piece> pieces, int first, int bits, StringBuilder read, bool isWide)
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
        if (last == first || characters < Shortest) return new(Math.Max(last, at - 1), "", ends ?? [], false);
        string found = read.ToString(0, ends![^1]);
        bool isCode = found.Count(char.IsLetter) * 2 >= found.Length && (bits == 4 || IsMixed(text.AsSpan(pieces[first].Start..pieces[last].End)));
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
    private static bool IsMixed(ReadOnlySpan<char> code) =>
        code.ContainsAnyInRange('a', 'z') && (code.ContainsAnyInRange('A', 'Z') || code.ContainsAnyInRange('0', '9'));

    // What a character stands for; -1 for what is no code.
    private static int Value(char letter, int bits) => letter < 0x80 ? (bits == 4 ? HexValues : Base64Values)[letter] : -1;

    private static sbyte[] Values(string digits, string others)
    {
        sbyte[] values = new sbyte[0x80];
        Array.Fill(values, (sbyte)-1);
        for (int i = 0; i < digits.Length; i++) values[digits[i]] = (sbyte)i;
        for (int i = 0; i < others.Length; i++) values[others[i]] = (sbyte)(digits.Length - others.Length + i);
        return values;
    }

    private readonly record struct Piece(int Start, int End, bool IsEnd);

    /// <summary>What a piece and those behind it say.</summary>
    /// <param name="Last">The last piece that was read.</param>
    /// <param name="Text">The text.</param>
    /// <param name="Ends">How much of the text had been read at the end of each piece.</param>
    /// <param name="IsCode">Whether several pieces make a text.</param>
    private readonly record struct Reading(int Last, string Text, IReadOnlyList<int> Ends, bool IsCode);
}
