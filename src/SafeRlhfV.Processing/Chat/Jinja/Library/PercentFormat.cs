using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Python's text % values.</summary>
internal static class PercentFormat
{
    public static object Apply(JinjaRun run, object? format, object? values)
    {
        string text = PyTypes.TextOf(format)!;
        bool isMarkup = format is PyMarkup;
        IReadOnlyList<object?> items = values is PyTuple or PyGroup ? PyTypes.ItemsOf(values)! : [values];
        int next = 0, at = 0;
        bool named = false;
        StringBuilder result = new();
        for (; at < text.Length; at++)
        {
            if (text[at] != '%')
            {
                result.Append(text[at]);
                continue;
            }
            if (++at >= text.Length) throw Incomplete();
            object? item = PySignature.Absent;
            if (text[at] == '(')
            {
                if (values is not PyDict dict) throw JinjaException.Type("format requires a mapping");
                int depth = 1, begin = ++at;
                for (; at < text.Length && depth > 0; at++) depth += text[at] == '(' ? 1 : text[at] == ')' ? -1 : 0;
                if (depth > 0) throw JinjaException.Type("incomplete format key");
                string key = text[begin..(at - 1)];
                if (!dict.TryGet(key, out item)) throw JinjaException.Type(PyText.Repr(key));
                named = true;
            }
            bool left = false, plus = false, space = false, zero = false, alternate = false;
            for (; at < text.Length && text[at] is '-' or '+' or ' ' or '0' or '#'; at++)
            {
                left |= text[at] == '-';
                plus |= text[at] == '+';
                space |= text[at] == ' ';
                zero |= text[at] == '0';
                alternate |= text[at] == '#';
            }
            int width = Count() ?? 0;
            if (width < 0) (left, width) = (true, -width);
            int precision = -1;
            if (at < text.Length && text[at] == '.')
            {
                at++;
                precision = Math.Max(Count() ?? 0, 0);
            }
            while (at < text.Length && text[at] is 'h' or 'l' or 'L') at++;
            if (at >= text.Length) throw Incomplete();
            char type = text[at];
            run.Budget.Text(width);
            run.Budget.Text(Math.Max(precision, 0));
            if (type == '%')
            {
                result.Append('%');
                continue;
            }
            if (ReferenceEquals(item, PySignature.Absent)) item = Take();
            (string sign, string body) = Convert(type, item, precision, alternate, isMarkup);
            if (sign.Length == 0 && "diuxXoeEfFgG".Contains(type)) sign = plus ? "+" : space ? " " : "";
            bool fillsZeros = zero && !left && "diuxXoeEfFgG".Contains(type);
            FormatSpec spec = new(fillsZeros ? "0" : " ", left ? '<' : fillsZeros ? '=' : '>', '\0', false, width, '\0', -1, '\0');
            result.Append(spec.Pad(sign, body, '>'));
        }
        if (!named && next < items.Count
            && values is not (PyDict or PyList or PyRange or PyUndefined)) throw JinjaException.Type("not all arguments converted during string formatting");
        string built = run.Built(result.ToString());
        return isMarkup ? new PyMarkup(built) : built;

        object? Take() => next < items.Count ? items[next++] : throw JinjaException.Type("not enough arguments for format string");

        int? Count()
        {
            if (at < text.Length && text[at] == '*')
            {
                at++;
                return PyNumbers.IsInteger(Take(), out BigInteger given) ? (int)BigInteger.Clamp(given, -int.MaxValue, int.MaxValue)
                    : throw JinjaException.Type("* wants int");
            }
            int begin = at;
            long value = 0;
            for (; at < text.Length && char.IsAsciiDigit(text[at]); at++) value = Math.Min(value * 10 + (text[at] - '0'), int.MaxValue);
            return at > begin ? (int)value : null;
        }
    }

    private static (string Sign, string Body) Convert(char type, object? value, int precision, bool alternate, bool escapes)
    {
        switch (type)
        {
            case 's' or 'r' or 'a':
                string text = type == 's' ? PyText.Of(value) : PyText.Repr(value);
                if (type == 'a') text = string.Concat(PyCodePoints.Each(text).Select(point => point[0] < 0x80 ? point : point.Length == 2
                    ? $"\\U{char.ConvertToUtf32(point, 0):x8}" : point[0] < 0x100 ? $"\\x{(int)point[0]:x2}" : $"\\u{(int)point[0]:x4}"));
                if (escapes && value is not PyMarkup) text = PyMarkup.Escape(text).Text;
                return ("", precision >= 0 ? PyCodePoints.Take(text, precision) : text);
            case 'c':
                if (value is string { Length: > 0 } single && PyCodePoints.Count(single) == 1) return ("", single);
                if (!PyNumbers.IsInteger(value, out BigInteger code)) throw JinjaException.Type($"%c requires int or char, not {PyTypes.NameOf(value)}");
                return code.Sign < 0 || code > 0x10FFFF ? throw JinjaException.Type("%c arg not in range(0x110000)") : ("", char.ConvertFromUtf32((int)code));
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o':
                if (value is PyUndefined undefined) throw undefined.Error();
                if (value is double real && type is 'd' or 'i' or 'u') value = double.IsFinite((double)value!) ? new BigInteger(Math.Truncate((double)value))
                    : throw JinjaException.Type($"cannot convert float {FloatText.Repr((double)value)} to integer");
                if (!PyNumbers.IsInteger(value, out BigInteger integer))
                    throw JinjaException.Type(type is 'x' or 'X' or 'o' ? $"%{type} format: an integer is required, not {PyTypes.NameOf(value)}"
                        : $"%{type} format: a real number is required, not {PyTypes.NameOf(value)}");
                BigInteger size = BigInteger.Abs(integer);
                string digits = type switch
                {
                    'o' => FormatSpec.InBase(size, 8),
                    'x' => FormatSpec.InBase(size, 16),
                    'X' =>
                    FormatSpec.InBase(size, 16).ToUpperInvariant(),
                    _ => PyText.OfInteger(size)
                };
                string prefix = alternate ? type switch { 'o' => "0o", 'x' => "0x", 'X' => "0X", _ => "" } : "";
                return ((integer.Sign < 0 ? "-" : "") + prefix, digits.PadLeft(Math.Max(precision, 0), '0'));
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                if (value is PyUndefined missing) throw missing.Error();
                if (!PyNumbers.IsNumber(value)) throw JinjaException.Type($"must be real number, not {PyTypes.NameOf(value)}");
                double number = PyNumbers.ToDouble(value), absolute = Math.Abs(number);
                int decimals = precision < 0 ? 6 : precision;
                string body = char.ToLowerInvariant(type) switch
                {
                    'e' => FloatText.Exponential(absolute, decimals),
                    'f' =>
                    FloatText.Fixed(absolute, decimals),
                    _ => FloatText.General(absolute, decimals, alternate)
                };
                return (double.IsNegative(number) && !double.IsNaN(number) ? "-" : "", char.IsUpper(type) ? body.ToUpperInvariant() : body);
            default:
                throw JinjaException.Type($"unsupported format character '{type}'");
        }
    }

    private static JinjaException Incomplete() => JinjaException.Type("incomplete format");
}
