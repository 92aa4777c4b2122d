using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>The attributes of int, bool and float that templates may meet.</summary>
internal static class NumberMethods
{
    public static bool TryGet(object? number, string name, out object? value)
    {
        bool isWhole = PyNumbers.IsInteger(number, out BigInteger integer);
        value = name switch
        {
            "real" => isWhole ? integer : number,
            "imag" => isWhole ? BigInteger.Zero : 0.0,
            "numerator" when isWhole => integer,
            "denominator" when isWhole => BigInteger.One,
            "conjugate" => Method(name, () => isWhole ? integer : number),
            "bit_length" when isWhole => Method(name, () => (BigInteger)BigInteger.Abs(integer).GetBitLength()),
            "is_integer" when !isWhole => Method(name, () => double.IsFinite((double)number!) && (double)number == Math.Floor((double)number)),
            _ => PySignature.Absent,
        };
        return !ReferenceEquals(value, PySignature.Absent);
    }

    private static PyCallable Method(string name, Func<object?> call)
    {
        PySignature none = new(name, "");
        return new PyCallable(name, (_, arguments) =>
        {
            none.Bind(arguments);
            return call();
        }, "builtin_function_or_method");
    }
}
