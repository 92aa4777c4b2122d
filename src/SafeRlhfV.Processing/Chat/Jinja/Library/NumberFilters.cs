using System.Globalization;
using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>Filters over numbers.</summary>
internal static class NumberFilters
{
    private static readonly string[] DecimalUnits = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"],
        BinaryUnits = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];

    public static void AddTo(Action<string, string, JinjaFilters.Filter> add)
    {
        add("abs", "", (_, value, _) => value is double real ? Math.Abs(real) : PyNumbers.IsInteger(value, out BigInteger whole) ? BigInteger.Abs(whole)
            : throw JinjaException.Type($"bad operand type for abs(): '{PyTypes.NameOf(value)}'"));
        add("round", "precision? method?", Round);
        add("int", "default? base?", Whole);
        add("float", "default?", (_, value, given) => Real(value) ?? JinjaFilters.Or(given[0], 0.0));
        add("filesizeformat", "binary?", FileSize);
    }

    private static object? Round(JinjaRun run, object? value, object?[] given)
    {
        string method = PyText.Of(JinjaFilters.Or(given[1], "common"));
        if (method is not ("common" or "ceil" or "floor")) throw JinjaException.Type("method must be common, ceil or floor");
        BigInteger precision = StringMethods.Whole(given[0], 0);
        if (value is PyUndefined && method == "common") throw JinjaException.Type("type Undefined doesn't define __round__ method");
        if (method == "common")
        {
            if (value is double real) return FloatText.Round(real, (int)BigInteger.Clamp(precision, -400, 400));
            if (!PyNumbers.IsInteger(value, out BigInteger whole)) throw JinjaException.Type($"type {PyTypes.NameOf(value)} doesn't define __round__ method");
            if (precision.Sign >= 0) return whole;
            if (-precision > 5000) return BigInteger.Zero;
            BigInteger unit = BigInteger.Pow(10, (int)-precision), low = PyNumbers.FloorDivide(whole, unit), rest = whole - low * unit;
            int half = (rest * 2).CompareTo(unit);
            return (half > 0 || (half == 0 && !low.IsEven) ? low + 1 : low) * unit;
        }
        object? scaled = PyOperators.Binary(run, "*", value, PyOperators.Binary(run, "**", (BigInteger)10, precision));
        if (!PyNumbers.IsNumber(scaled)) throw JinjaException.Type($"must be real number, not {PyTypes.NameOf(scaled)}");
        BigInteger bound;
        if (scaled is double number)
        {
            if (!double.IsFinite(number)) throw JinjaException.Type($"cannot convert float {FloatText.Repr(number)} to integer");
            bound = new BigInteger(method == "ceil" ? Math.Ceiling(number) : Math.Floor(number));
        }
        else
        {
            PyNumbers.IsInteger(scaled, out bound);
        }
        return PyOperators.Binary(run, "/", bound, PyOperators.Binary(run, "**", (BigInteger)10, precision));
    }

    private static object? Whole(JinjaRun run, object? value, object?[] given)
    {
        BigInteger radix = StringMethods.Whole(given[1], 10);
        if (value is PyUndefined undefined) throw undefined.Error();
        if (PyTypes.TextOf(value) is { } text && (radix.IsZero || (radix >= 2 && radix <= 36))
            && PyNumbers.ParseInteger(text, (int)radix) is { } parsed) return parsed;
        if (PyNumbers.IsInteger(value, out BigInteger whole)) return whole;
        if (value is double real && double.IsInfinity(real)) throw JinjaException.Type("cannot convert float infinity to integer");
        return Real(value) is { } number && double.IsFinite(number) ? new BigInteger(Math.Truncate(number)) : JinjaFilters.Or(given[0], BigInteger.Zero);
    }

    private static double? Real(object? value) => value switch
    {
        PyUndefined undefined => throw undefined.Error(),
        string or PyMarkup => PyNumbers.ParseDouble(PyTypes.TextOf(value)!),
        _ => PyNumbers.IsNumber(value) ? PyNumbers.ToDouble(value) : null,
    };

    private static object? FileSize(JinjaRun run, object? value, object?[] given)
    {
        if (!PyNumbers.IsNumber(value) && !PyTypes.IsText(value)
            && value is not PyUndefined) throw JinjaException.Type($"float() argument must be a string or a real number, not '{PyTypes.NameOf(value)}'");
        double size = Real(value) ?? throw JinjaException.Type($"could not convert string to float: {PyText.Repr(value)}");
        bool isBinary = PyOperators.IsTrue(JinjaFilters.Or(given[0], false));
        double unit = isBinary ? 1024 : 1000;
        if (size == 1) return "1 Byte";
        if (size < unit) return $"{((long)size).ToString(CultureInfo.InvariantCulture)} Bytes";
        string[] units = isBinary ? BinaryUnits : DecimalUnits;
        for (int at = 0; ; at++)
        {
            double next = Math.Pow(unit, at + 2);
            if (size < next || at == units.Length - 1) return $"{FloatText.Fixed(unit * size / next, 1)} {units[at]}";
        }
    }
}
