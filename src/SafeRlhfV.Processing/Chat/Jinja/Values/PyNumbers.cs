using System.Globalization;
using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Python's numbers: unbounded integers, floats, and bool as 0 and 1.</summary>
internal static class PyNumbers
{
    private const int MaxPowerBits = 1 << 20;

    public static bool IsInteger(object? value, out BigInteger integer)
    {
        integer = value switch { BigInteger big => big, bool flag => flag ? BigInteger.One : BigInteger.Zero, _ => BigInteger.Zero };
        return value is BigInteger or bool;
    }

    public static bool IsNumber(object? value) => value is BigInteger or bool or double;

    /// <summary>A number as a float.</summary>
    /// <exception cref="JinjaException">The integer is too large.</exception>
    public static double ToDouble(object? value)
    {
        if (value is double real) return real;
        IsInteger(value, out BigInteger integer);
        if (BigInteger.Abs(integer) < 1L << 53) return (double)integer;
        double rounded = double.Parse(integer.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture); // the cast truncates
        return double.IsInfinity(rounded) ? throw JinjaException.Type("int too large to convert to float") : rounded;
    }

    /// <summary>Order of two numbers, exactly; null where one is no number (nan).</summary>
    public static int? Compare(object? left, object? right)
    {
        bool leftWhole = IsInteger(left, out BigInteger a), rightWhole = IsInteger(right, out BigInteger b);
        if (leftWhole && rightWhole) return a.CompareTo(b);
        if (!leftWhole && !rightWhole)
        {
            (double x, double y) = ((double)left!, (double)right!);
            return double.IsNaN(x) || double.IsNaN(y) ? null : x.CompareTo(y);
        }
        if (!leftWhole) return -Compare(right, left);
        double real = (double)right!;
        if (double.IsNaN(real)) return null;
        if (double.IsInfinity(real)) return real > 0 ? -1 : 1;
        int order = a.CompareTo(new BigInteger(Math.Floor(real)));
        return order != 0 ? order : real > Math.Floor(real) ? -1 : 0;
    }

    public static object Arithmetic(string sign, object? left, object? right)
    {
        if (IsInteger(left, out BigInteger a) && IsInteger(right, out BigInteger b) && !(sign == "**" && b.Sign < 0))
        {
            return sign switch
            {
                "+" => a + b,
                "-" => a - b,
                "*" => Bounded(a * b),
                "/" => b.IsZero ? throw JinjaException.Type("division by zero") : Divide(a, b),
                "//" => b.IsZero ? throw JinjaException.Type("integer division or modulo by zero") : FloorDivide(a, b),
                "%" => b.IsZero ? throw JinjaException.Type("integer modulo by zero") : a - FloorDivide(a, b) * b,
                _ => Power(a, b),
            };
        }
        (double x, double y) = (ToDouble(left), ToDouble(right));
        switch (sign)
        {
            case "+": return x + y;
            case "-": return x - y;
            case "*": return x * y;
            case "/": return y == 0 ? throw JinjaException.Type("float division by zero") : x / y;
            case "//": return y == 0 ? throw JinjaException.Type("float floor division by zero") : DivideWithRemainder(x, y).Quotient;
            case "%": return y == 0 ? throw JinjaException.Type("float modulo") : DivideWithRemainder(x, y).Remainder;
            default:
                if (x == 0 && y < 0) throw JinjaException.Type("0.0 cannot be raised to a negative power");
                if (x < 0 && double.IsFinite(y) && y != Math.Floor(y)) throw JinjaException.Type("complex numbers are not supported");
                double power = x == 1 || y == 0 ? 1 : Math.Pow(x, y);
                return double.IsInfinity(power) && double.IsFinite(x) && double.IsFinite(y) ? throw JinjaException.Type("Numerical result out of range")
                    : power;
        }
    }

    public static BigInteger FloorDivide(BigInteger a, BigInteger b)
    {
        BigInteger quotient = BigInteger.DivRem(a, b, out BigInteger remainder);
        return !remainder.IsZero && remainder.Sign != b.Sign ? quotient - 1 : quotient;
    }

    /// <summary>int(text, base); null where it is no integer.</summary>
    public static BigInteger? ParseInteger(string text, int radix)
    {
        string digits = ToAsciiDigits(text.Trim(JinjaText.WhiteSpace.ToCharArray()));
        bool negative = digits.StartsWith('-');
        if (negative || digits.StartsWith('+')) digits = digits[1..];
        int prefix = digits.Length > 1 && digits[0] == '0' ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (prefix != 0 && (radix == 0 || radix == prefix))
        {
            (radix, digits) = (prefix, digits[2..]);
            if (digits.StartsWith('_')) digits = digits[1..];
        }
        else if (radix == 0)
        {
            if (digits.Length > 1 && digits[0] == '0' && digits.Any(digit => digit is not ('0' or '_'))) return null;
            radix = 10;
        }
        if (digits.Length == 0 || digits[0] == '_' || digits[^1] == '_' || digits.Contains("__", StringComparison.Ordinal)) return null;
        digits = digits.Replace("_", "");
        if (digits.Length > 4300 && radix == 10) return null; // Python's own bound
        if (radix == 10) return digits.All(char.IsAsciiDigit) ? BigInteger.Parse((negative ? "-" : "") + digits, CultureInfo.InvariantCulture) : null;
        if (digits.Length > MaxPowerBits / 4) throw JinjaException.Limit("An integer's text is too long.");
        BigInteger value = BigInteger.Zero;
        foreach (char character in digits)
        {
            int digit = char.IsAsciiDigit(character) ? character - '0' : char.IsAsciiLetter(character) ? char.ToLowerInvariant(character) - 'a' + 10 : 99;
            if (digit >= radix) return null;
            value = value * radix + digit;
        }
        return negative ? -value : value;
    }

    /// <summary>float(text); null where it is no number.</summary>
    public static double? ParseDouble(string text)
    {
        string number = ToAsciiDigits(text.Trim(JinjaText.WhiteSpace.ToCharArray())).ToLowerInvariant();
        string unsigned = number.TrimStart('+', '-');
        if (number.Length - unsigned.Length > 1) return null;
        double sign = number.StartsWith('-') ? -1 : 1;
        if (unsigned is "inf" or "infinity") return sign * double.PositiveInfinity;
        if (unsigned == "nan") return double.NaN;
        if (unsigned.Length == 0 || !(char.IsAsciiDigit(unsigned[0]) || unsigned[0] == '.')) return null;
        for (int at = 0; at < unsigned.Length; at++)
            if (unsigned[at] == '_'
                && !(at > 0 && at + 1 < unsigned.Length && char.IsAsciiDigit(unsigned[at - 1]) && char.IsAsciiDigit(unsigned[at + 1]))) return null;
        const NumberStyles styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(unsigned.Replace("_", ""), styles, CultureInfo.InvariantCulture, out double value) ? sign * value : null;
    }

    /// <summary>The nearest float to a quotient of integers.</summary>
    public static double Divide(BigInteger a, BigInteger b)
    {
        BigInteger limit = 1L << 53;
        if (BigInteger.Abs(a) <= limit && BigInteger.Abs(b) <= limit) return (double)a / (double)b;
        if (a.IsZero) return 0;
        bool negative = a.Sign != b.Sign;
        (a, b) = (BigInteger.Abs(a), BigInteger.Abs(b));
        // 66 bits of quotient and a sticky bit, so that the last rounding is the only one
        int shift = 66 - (int)(a.GetBitLength() - b.GetBitLength());
        BigInteger quotient = BigInteger.DivRem(shift > 0 ? a << shift : a, shift < 0 ? b << -shift : b, out BigInteger rest);
        if (!rest.IsZero) quotient |= 1;
        int bits = (int)quotient.GetBitLength(), drop = bits - 53;
        BigInteger kept = quotient >> drop, dropped = quotient & ((BigInteger.One << drop) - 1), half = BigInteger.One << (drop - 1);
        if (dropped > half || (dropped == half && !kept.IsEven)) kept += 1;
        double value = Math.ScaleB((double)kept, drop - shift);
        if (double.IsInfinity(value)) throw JinjaException.Type("integer division result too large for a float");
        return negative ? -value : value;
    }

    private static (double Quotient, double Remainder) DivideWithRemainder(double x, double y)
    {
        double remainder = x % y;
        double quotient = (x - remainder) / y;
        if (remainder != 0)
        {
            if (y < 0 != remainder < 0)
            {
                remainder += y;
                quotient -= 1;
            }
        }
        else
        {
            remainder = Math.CopySign(0, y);
        }
        if (quotient == 0) return (Math.CopySign(0, x / y), remainder);
        double floor = Math.Floor(quotient);
        return (quotient - floor > 0.5 ? floor + 1 : floor, remainder);
    }

    private static BigInteger Power(BigInteger a, BigInteger b)
    {
        if (b.IsZero || a.IsOne) return BigInteger.One;
        if (a.IsZero) return a;
        if (a == BigInteger.MinusOne) return b.IsEven ? BigInteger.One : a;
        if (b > MaxPowerBits
            || a.GetBitLength() * b > MaxPowerBits) throw JinjaException.Limit($"An integer of more than {MaxPowerBits} bits is not computed.");
        return BigInteger.Pow(a, (int)b);
    }

    private static BigInteger Bounded(BigInteger value) =>
        value.GetBitLength() > MaxPowerBits ? throw JinjaException.Limit($"An integer of more than {MaxPowerBits} bits is not computed.") : value;

    private static string ToAsciiDigits(string text)
    {
        if (Ascii.IsValid(text)) return text;
        StringBuilder ascii = new();
        foreach (Rune rune in text.EnumerateRunes())
            ascii.Append(Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber
                ? ((int)Rune.GetNumericValue(rune)).ToString(CultureInfo.InvariantCulture) : rune.ToString());
        return ascii.ToString();
    }
}
