using System.Globalization;
using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>A float as Python writes it: the shortest digits that read back, or digits rounded half to even on its exact binary value.</summary>
internal static class FloatText
{
    public static string Repr(double value)
    {
        if (!double.IsFinite(value)) return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        if (value == 0) return double.IsNegative(value) ? "-0.0" : "0.0";
        string shortest = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        string digits = DigitsOf(shortest);
        int exponent = ExponentOf(shortest);
        string sign = value < 0 ? "-" : "";
        if (exponent is < -4 or >= 16) return sign + digits[0] + (digits.Length > 1 ? "." + digits[1..] : "") + ExponentText(exponent);
        if (exponent < 0) return sign + "0." + new string('0', -exponent - 1) + digits;
        return digits.Length <= exponent + 1 ? sign + digits.PadRight(exponent + 1, '0') + ".0"
            : sign + digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
    }

    /// <summary>%.{decimals}f.</summary>
    public static string Fixed(double value, int decimals)
    {
        if (!double.IsFinite(value)) return Repr(value);
        string digits = Scaled(value, decimals).ToString(CultureInfo.InvariantCulture);
        if (decimals > 0)
        {
            digits = digits.PadLeft(decimals + 1, '0');
            digits = digits[..^decimals] + "." + digits[^decimals..];
        }
        return (double.IsNegative(value) ? "-" : "") + digits;
    }

    /// <summary>%.{decimals}e.</summary>
    public static string Exponential(double value, int decimals)
    {
        if (!double.IsFinite(value)) return Repr(value);
        (string digits, int exponent) = Significant(value, decimals + 1);
        return (double.IsNegative(value) ? "-" : "") + digits[0] + (decimals > 0 ? "." + digits[1..] : "") + ExponentText(exponent);
    }

    /// <summary>%.{precision}g; <paramref name="keepZeros"/> is its '#'.</summary>
    public static string General(double value, int precision, bool keepZeros = false)
    {
        if (!double.IsFinite(value)) return Repr(value);
        precision = Math.Max(precision, 1);
        (string digits, int exponent) = Significant(value, precision);
        string sign = double.IsNegative(value) ? "-" : "";
        if (exponent < -4 || exponent >= precision)
        {
            string kept = keepZeros ? digits : digits[0] + digits[1..].TrimEnd('0');
            return sign + kept[0] + (kept.Length > 1 ? "." + kept[1..] : "") + ExponentText(exponent);
        }
        string text = exponent < 0 ? "0." + new string('0', -exponent - 1) + digits : digits.Length <= exponent + 1 ? digits.PadRight(exponent + 1, '0')
            : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
        return sign + (!keepZeros && text.Contains('.') ? text.TrimEnd('0').TrimEnd('.') : text);
    }

    /// <summary>round(value, decimals), half to even on the exact value.</summary>
    public static double Round(double value, int decimals)
    {
        if (!double.IsFinite(value) || value == 0 || decimals > 323) return value;
        if (decimals < -308) return Math.CopySign(0, value);
        BigInteger scaled = Scaled(value, decimals);
        string text = decimals >= 0 ? $"{scaled}e-{decimals}" : $"{scaled}e{-decimals}";
        double rounded = double.Parse(text, CultureInfo.InvariantCulture);
        return double.IsInfinity(rounded) ? throw JinjaException.Type("rounded value too large to represent") : Math.CopySign(rounded, value);
    }

    public static string ExponentText(int exponent) => $"e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";

    // |value| * 10^decimals, rounded half to even
    private static BigInteger Scaled(double value, int decimals)
    {
        (BigInteger mantissa, int exponent) = Exact(value);
        BigInteger numerator = mantissa, denominator = BigInteger.One;
        if (decimals >= 0) numerator *= BigInteger.Pow(10, decimals);
        else denominator = BigInteger.Pow(10, -decimals);
        if (exponent >= 0) numerator <<= exponent;
        else denominator <<= -exponent;
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger rest);
        int half = (rest * 2).CompareTo(denominator);
        return half > 0 || (half == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }

    private static (string Digits, int Exponent) Significant(double value, int count)
    {
        if (value == 0) return (new string('0', count), 0);
        int exponent = (int)Math.Floor(Math.Log10(Math.Abs(value)));
        string digits = Scaled(value, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        if (digits.Length == count) return (digits, exponent);
        exponent += digits.Length - count; // the logarithm or the rounding was off by one
        digits = Scaled(value, count - 1 - exponent).ToString(CultureInfo.InvariantCulture);
        return digits.Length > count ? (digits[..count], exponent + 1) : (digits, exponent);
    }

    private static (BigInteger Mantissa, int Exponent) Exact(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)((bits >> 52) & 0x7FF);
        long mantissa = bits & 0xFFFFFFFFFFFFF;
        return exponent == 0 ? (mantissa, -1074) : (mantissa | 1L << 52, exponent - 1075);
    }

    private static string DigitsOf(string shortest)
    {
        int end = shortest.IndexOf('E');
        string digits = (end < 0 ? shortest : shortest[..end]).Replace(".", "").TrimStart('0');
        string trimmed = digits.TrimEnd('0');
        return trimmed.Length == 0 ? "0" : trimmed;
    }

    private static int ExponentOf(string shortest)
    {
        int e = shortest.IndexOf('E');
        string plain = e < 0 ? shortest : shortest[..e];
        int shift = e < 0 ? 0 : int.Parse(shortest[(e + 1)..], CultureInfo.InvariantCulture);
        int point = plain.IndexOf('.');
        string whole = point < 0 ? plain : plain[..point];
        if (whole.TrimStart('0').Length > 0) return whole.TrimStart('0').Length - 1 + shift;
        string fraction = plain[(point + 1)..];
        return -(fraction.Length - fraction.TrimStart('0').Length) - 1 + shift;
    }
}
