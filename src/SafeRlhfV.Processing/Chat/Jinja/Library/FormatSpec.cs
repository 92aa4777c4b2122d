using System.Globalization;
using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Python's format specification: [[fill]align][sign][z][#][0][width][,_][.precision][type].</summary>
internal sealed record FormatSpec(string Fill, char Align, char Sign, bool Alternate, int Width, char Grouping, int Precision, char Type)
{
    /// <summary>format(value, text).</summary>
    public static string Format(JinjaRun run, object? value, string text)
    {
        if (text.Length == 0) return PyText.Of(value);
        if (value is not (string or PyMarkup or bool or BigInteger or double))
            throw JinjaException.Type($"unsupported format string passed to {PyTypes.NameOf(value)}.__format__");
        FormatSpec spec = Parse(run, text, isNumber: PyNumbers.IsNumber(value));
        return value switch
        {
            double real => spec.OfReal(real),
            string or PyMarkup => spec.OfText(PyTypes.TextOf(value)!),
            _ => spec.OfInteger(PyNumbers.IsInteger(value, out BigInteger integer) ? integer : default),
        };
    }

    /// <summary>Puts a sign and digits into the width.</summary>
    public string Pad(string prefix, string body, char otherwise)
    {
        int missing = Width - PyCodePoints.Count(prefix) - PyCodePoints.Count(body);
        if (missing <= 0) return prefix + body;
        char align = Align == '\0' ? otherwise : Align;
        string Filled(int count) => Fill.Length == 1 ? new string(Fill[0], count) : string.Concat(Enumerable.Repeat(Fill, count));
        return align switch
        {
            '<' => prefix + body + Filled(missing),
            '^' => Filled(missing / 2) + prefix + body + Filled(missing - missing / 2),
            '=' => prefix + Filled(missing) + body,
            _ => Filled(missing) + prefix + body,
        };
    }

    private static FormatSpec Parse(JinjaRun run, string text, bool isNumber)
    {
        string[] points = [.. PyCodePoints.Each(text)];
        int at = 0;
        string fill = " ";
        char align = '\0', sign = '\0', grouping = '\0', type = '\0';
        if (points.Length > 1 && points[1] is "<" or ">" or "^" or "=") (fill, align, at) = (points[0], points[1][0], 2);
        else if (points[0] is "<" or ">" or "^" or "=") (align, at) = (points[0][0], 1);
        if (at < points.Length && points[at] is "+" or "-" or " ") sign = points[at++][0];
        if (at < points.Length && points[at] == "z") throw JinjaException.Type("the format option 'z' is not supported");
        bool alternate = at < points.Length && points[at] == "#";
        if (alternate) at++;
        if (at < points.Length && points[at] == "0")
        {
            at++;
            if (align == '\0') (fill, align) = ("0", isNumber ? '=' : '<');
        }
        int width = Digits() ?? 0;
        if (at < points.Length && points[at] is "," or "_") grouping = points[at++][0];
        int precision = -1;
        if (at < points.Length && points[at] == ".")
        {
            at++;
            precision = Digits() ?? throw JinjaException.Type("Format specifier missing precision");
        }
        if (at < points.Length) type = points[at++][0];
        if (at < points.Length) throw JinjaException.Type("Invalid format specifier");
        run.Budget.Text(width);
        run.Budget.Text(Math.Max(precision, 0));
        return new FormatSpec(fill, align, sign, alternate, width, grouping, precision, type);

        int? Digits()
        {
            int begin = at;
            long value = 0;
            for (; at < points.Length && char.IsAsciiDigit(points[at][0]); at++) value = Math.Min(value * 10 + (points[at][0] - '0'), int.MaxValue);
            return at > begin ? (int)value : null;
        }
    }

    private string OfText(string text)
    {
        if (Type is not ('\0' or 's')) throw Unknown(Type, "str");
        if (Sign != '\0') throw JinjaException.Type("Sign not allowed in string format specifier");
        if (Alternate) throw JinjaException.Type("Alternate form (#) not allowed in string format specifier");
        if (Grouping != '\0') throw JinjaException.Type($"Cannot specify '{Grouping}' with 's'.");
        if (Align == '=') throw JinjaException.Type("'=' alignment not allowed in string format specifier");
        return Pad("", Precision >= 0 ? PyCodePoints.Take(text, Precision) : text, '<');
    }

    private string OfInteger(BigInteger value)
    {
        if (Type is 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%') return OfReal(PyNumbers.ToDouble(value));
        if (Precision >= 0) throw JinjaException.Type("Precision not allowed in integer format specifier");
        if (Type == 'c')
        {
            if (Sign != '\0') throw JinjaException.Type("Sign not allowed with integer format specifier 'c'");
            if (value.Sign < 0 || value > 0x10FFFF) throw JinjaException.Type("%c arg not in range(0x110000)");
            return Pad("", char.ConvertFromUtf32((int)value), '<');
        }
        BigInteger size = BigInteger.Abs(value);
        (string digits, string prefix) = Type switch
        {
            '\0' or 'd' or 'n' => (PyText.OfInteger(size), ""),
            'b' => (InBase(size, 2), "0b"),
            'o' => (InBase(size, 8), "0o"),
            'x' => (InBase(size, 16), "0x"),
            'X' => (InBase(size, 16).ToUpperInvariant(), "0X"),
            _ => throw Unknown(Type, "int"),
        };
        if (Grouping == ',' && prefix.Length > 0) throw JinjaException.Type($"Cannot specify ',' with '{Type}'.");
        return Grouped(SignOf(value.Sign < 0) + (Alternate ? prefix : ""), digits, "", prefix.Length > 0 ? 4 : 3);
    }

    private string OfReal(double value)
    {
        bool isNegative = double.IsNegative(value) && !double.IsNaN(value);
        double size = Math.Abs(value);
        string text = Type switch
        {
            'e' or 'E' => FloatText.Exponential(size, Precision < 0 ? 6 : Precision),
            'f' or 'F' => FloatText.Fixed(size, Precision < 0 ? 6 : Precision),
            'g' or 'G' or 'n' => FloatText.General(size, Precision < 0 ? 6 : Precision, Alternate),
            '%' => FloatText.Fixed(size * 100, Precision < 0 ? 6 : Precision) + "%",
            '\0' => Precision < 0 ? FloatText.Repr(size) : WithPoint(size),
            _ => throw Unknown(Type, "float"),
        };
        if (Type is 'E' or 'F' or 'G') text = text.ToUpperInvariant();
        if (!double.IsFinite(value)) return Pad(SignOf(isNegative), text, '>');
        int end = 0;
        while (end < text.Length && char.IsAsciiDigit(text[end])) end++;
        return Grouped(SignOf(isNegative), text[..end], text[end..], 3);
    }

    // without a type a precision counts digits as g does, but a point follows and the exponent form begins one digit earlier
    private string WithPoint(double size)
    {
        int precision = Math.Max(Precision, 1);
        string scientific = FloatText.Exponential(size, precision - 1);
        int e = scientific.IndexOf('e'), exponent = int.Parse(scientific[(e + 1)..], CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= precision - 1) return (scientific[..e].Contains('.') ? scientific[..e].TrimEnd('0').TrimEnd('.') : scientific[..e])
            + scientific[e..];
        string general = FloatText.General(size, precision);
        return general.Contains('.') ? general : general + ".0";
    }

    private string Grouped(string prefix, string whole, string rest, int size)
    {
        if (Grouping == '\0') return Pad(prefix, whole + rest, '>');
        string digits = whole;
        // zeros that fill the width are grouped, too
        if (Fill == "0" && Align == '=')
        {
            while (prefix.Length + WithSeparators(digits, size).Length + rest.Length < Width) digits = "0" + digits;
            string filled = WithSeparators(digits, size);
            return prefix + filled + rest;
        }
        return Pad(prefix, WithSeparators(digits, size) + rest, '>');
    }

    private string WithSeparators(string digits, int size)
    {
        StringBuilder text = new();
        for (int at = 0; at < digits.Length; at++)
        {
            if (at > 0 && (digits.Length - at) % size == 0) text.Append(Grouping);
            text.Append(digits[at]);
        }
        return text.ToString();
    }

    private string SignOf(bool isNegative) => isNegative ? "-" : Sign switch { '+' => "+", ' ' => " ", _ => "" };

    public static string InBase(BigInteger value, int radix)
    {
        if (value.IsZero) return "0";
        int bits = radix switch { 2 => 1, 8 => 3, _ => 4 };
        StringBuilder digits = new();
        for (long at = (value.GetBitLength() + bits - 1) / bits - 1; at >= 0;
            at--) digits.Append("0123456789abcdef"[(int)((value >> (int)(at * bits)) & (radix - 1))]);
        return digits.ToString();
    }

    private static JinjaException Unknown(char type, string of) => JinjaException.Type($"Unknown format code '{type}' for object of type '{of}'");
}
