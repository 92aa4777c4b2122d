using System.Buffers;
using System.Globalization;
using System.Text;

namespace SafeRlhfV.Data;

/// <summary>
/// Parses JSON as Python's <c>json</c> reads it: NaN and Infinity are numbers, the last of equal names wins, and lone surrogates are let through, to be found
/// where the text is used. Bytes must be UTF-8.
/// </summary>
internal ref struct LenientJson
{
    private const int DeepestNesting = 256;
    private static readonly SearchValues<byte> EndsRun = SearchValues.Create([(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(code => (byte)code)]);

    private readonly ReadOnlySpan<byte> bytes;
    private int at, depth;

    private LenientJson(ReadOnlySpan<byte> bytes) => this.bytes = bytes;

    /// <summary>Parses one document.</summary>
    /// <returns>Whether the bytes are JSON.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out object? value)
    {
        value = null;
        if (!System.Text.Unicode.Utf8.IsValid(bytes)) return false;
        try
        {
            LenientJson json = new(bytes);
            object? read = json.Value();
            json.SkipBlank();
            if (json.at < bytes.Length) return false;
            value = read;
            return true;
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>Parses a text that holds one document.</summary>
    public static bool TryParse(string text, out object? value) => TryParse(Encoding.UTF8.GetBytes(text), out value);

    private object? Value()
    {
        SkipBlank();
        switch (Peek())
        {
            case (byte)'{': return Map();
            case (byte)'[': return List();
            case (byte)'"': return Text();
            case (byte)'t': return Word("true"u8, true);
            case (byte)'f': return Word("false"u8, false);
            case (byte)'n': return Word("null"u8, null);
            case (byte)'N': return Word("NaN"u8, double.NaN);
            case (byte)'I': return Word("Infinity"u8, double.PositiveInfinity);
            case (byte)'-' when bytes[at..].StartsWith("-I"u8): return Word("-Infinity"u8, double.NegativeInfinity);
            default: return Number();
        }
    }

    private SourceMap Map()
    {
        Enter();
        SourceMap map = new();
        SkipBlank();
        if (Peek() == '}') at++;
        else
            while (true)
            {
                SkipBlank();
                string name = Text();
                SkipBlank();
                Take(':');
                map[name] = Value();
                SkipBlank();
                if (Ends('}')) break;
            }
        depth--;
        return map;
    }

    private List<object?> List()
    {
        Enter();
        List<object?> list = [];
        SkipBlank();
        if (Peek() == ']') at++;
        else
            do
            {
                list.Add(Value());
                SkipBlank();
            }
            while (!Ends(']'));
        depth--;
        return list;
    }

    private string Text()
    {
        Take('"');
        int length = bytes[at..].IndexOfAny(EndsRun);
        if (length >= 0 && bytes[at + length] == '"') // nothing escaped
        {
            string plain = Encoding.UTF8.GetString(bytes.Slice(at, length));
            at += length + 1;
            return plain;
        }
        StringBuilder text = new();
        while (true)
        {
            int run = bytes[at..].IndexOfAny(EndsRun);
            if (run < 0) throw new FormatException();
            text.Append(Encoding.UTF8.GetString(bytes.Slice(at, run)));
            at += run;
            byte end = bytes[at++];
            if (end == '"') return text.ToString();
            if (end != '\\') throw new FormatException();
            text.Append(Escaped());
        }
    }

    private char Escaped()
    {
        byte letter = Peek();
        at++;
        if (letter == 'u')
        {
            if (at + 4 > bytes.Length) throw new FormatException();
            int code = 0;
            foreach (byte digit in bytes.Slice(at, 4))
                code = code << 4 | (char.IsAsciiHexDigit((char)digit) ? Convert.ToInt32(((char)digit).ToString(), 16) : throw new FormatException());
            at += 4;
            return (char)code;
        }
        return letter switch
        {
            (byte)'"' or (byte)'\\' or (byte)'/' => (char)letter,
            (byte)'b' => '\b',
            (byte)'f' => '\f',
            (byte)'n' => '\n',
            (byte)'r' => '\r',
            (byte)'t' => '\t',
            _ => throw new FormatException(),
        };
    }

    private object Number()
    {
        int from = at;
        if (Peek() == '-') at++;
        int digits = at;
        SkipDigits();
        if (at == digits || bytes[digits] == '0' && at > digits + 1) throw new FormatException();
        bool whole = true;
        if (at + 1 < bytes.Length && bytes[at] == '.' && char.IsAsciiDigit((char)bytes[at + 1]))
        {
            whole = false;
            at++;
            SkipDigits();
        }
        if (at < bytes.Length && bytes[at] is (byte)'e' or (byte)'E')
        {
            whole = false;
            at++;
            if (Peek() is (byte)'+' or (byte)'-') at++;
            int exponent = at;
            SkipDigits();
            if (at == exponent) throw new FormatException();
        }
        ReadOnlySpan<byte> text = bytes[from..at];
        if (whole && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)) return number;
        return double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
    }

    private object? Word(ReadOnlySpan<byte> word, object? value)
    {
        if (!bytes[at..].StartsWith(word)) throw new FormatException();
        at += word.Length;
        return value;
    }

    private void Enter()
    {
        at++;
        if (++depth > DeepestNesting) throw new FormatException();
    }

    private bool Ends(char end)
    {
        byte next = Peek();
        at++;
        return next == end || (next == ',' ? false : throw new FormatException());
    }

    private void Take(char wanted)
    {
        if (Peek() != wanted) throw new FormatException();
        at++;
    }

    private readonly byte Peek() => at < bytes.Length ? bytes[at] : throw new FormatException();

    private void SkipDigits()
    {
        while (at < bytes.Length && char.IsAsciiDigit((char)bytes[at])) at++;
    }

    private void SkipBlank()
    {
        while (at < bytes.Length && bytes[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n') at++;
    }
}
