using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Strings by code points, as Python counts them.</summary>
internal static class PyCodePoints
{
    public static bool AreChars(string text) => !text.AsSpan().ContainsAnyInRange('\ud800', '\udfff');

    public static int Count(string text) => AreChars(text) ? text.Length : Count(text.AsSpan());

    public static int Count(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        for (int at = 1; at < text.Length; at++)
            if (char.IsSurrogatePair(text[at - 1], text[at])) count--;
        return count;
    }

    /// <summary>The code points, each as a text.</summary>
    public static IEnumerable<string> Each(string text)
    {
        for (int at = 0; at < text.Length;)
        {
            int length = at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
            yield return text.Substring(at, length);
            at += length;
        }
    }

    /// <summary>Where a code point begins in UTF-16 units; the text's end for one past the last.</summary>
    public static int ToUnits(string text, int index)
    {
        if (AreChars(text)) return Math.Min(index, text.Length);
        int at = 0;
        for (; index > 0 && at < text.Length; index--) at += at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        return at;
    }

    /// <summary>How many code points stand before a place in UTF-16 units.</summary>
    public static int FromUnits(string text, int units) => Count(text.AsSpan(0, units));

    /// <summary>The first code points.</summary>
    public static string Take(string text, int count) => text[..ToUnits(text, Math.Max(count, 0))];

    /// <summary>Order by code points; UTF-16 puts U+FFFF behind U+1F600.</summary>
    public static int Compare(string left, string right)
    {
        int shared = Math.Min(left.Length, right.Length);
        for (int at = 0; at < shared; at++)
        {
            if (left[at] == right[at]) continue;
            bool pairs = char.IsSurrogate(left[at]), others = char.IsSurrogate(right[at]);
            return pairs == others ? left[at].CompareTo(right[at]) : pairs ? 1 : -1;
        }
        return left.Length.CompareTo(right.Length);
    }

    /// <summary>slice(start, stop, step).indices(count): the places that the slice takes, in its order.</summary>
    public static IEnumerable<int> Slice(int count, object? start, object? stop, object? step)
    {
        BigInteger by = Bound(step) ?? BigInteger.One;
        if (by.IsZero) throw JinjaException.Type("slice step cannot be zero");
        BigInteger low = by.Sign > 0 ? 0 : -1, high = by.Sign > 0 ? count : count - 1;
        BigInteger from = Place(Bound(start), by.Sign > 0 ? low : high), to = Place(Bound(stop), by.Sign > 0 ? high : low);
        return Places();

        BigInteger Place(BigInteger? bound, BigInteger otherwise) => bound is not { } value ? otherwise
            : BigInteger.Clamp(value.Sign < 0 ? value + count : value, low, high);

        IEnumerable<int> Places()
        {
            for (BigInteger at = from; by.Sign > 0 ? at < to : at > to; at += by) yield return (int)at;
        }
    }

    public static string Slice(string text, object? start, object? stop, object? step)
    {
        string[]? points = AreChars(text) ? null : [.. Each(text)];
        StringBuilder slice = new();
        foreach (int at in Slice(points?.Length ?? text.Length, start, stop, step)) _ = points is null ? slice.Append(text[at]) : slice.Append(points[at]);
        return slice.ToString();
    }

    private static BigInteger? Bound(object? value) => value is null ? null : PyNumbers.IsInteger(value, out BigInteger integer) ? integer
        : throw JinjaException.Type("slice indices must be integers or None or have an __index__ method");
}
