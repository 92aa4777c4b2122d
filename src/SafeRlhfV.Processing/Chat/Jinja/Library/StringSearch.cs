using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Finding, splitting and replacing as str does it.</summary>
internal static class StringSearch
{
    /// <summary>The places that start and end name, as slices count them.</summary>
    public static (int Begin, int End) Bounds(string text, object? start, object? end)
    {
        int count = PyCodePoints.Count(text);
        return (Place(start, 0), (int)BigInteger.Min(Place(end, count), count));

        int Place(object? bound, int otherwise)
        {
            if (ReferenceEquals(bound, PySignature.Absent) || bound is null) return otherwise;
            if (!PyNumbers.IsInteger(bound,
                out BigInteger place)) throw JinjaException.Type("slice indices must be integers or None or have an __index__ method");
            return (int)BigInteger.Clamp(place.Sign < 0 ? place + count : place, 0, int.MaxValue);
        }
    }

    public static object Find(string text, string part, object? start, object? end, bool fromRight)
    {
        (int begin, int stop) = Bounds(text, start, end);
        if (begin > stop) return BigInteger.MinusOne;
        int first = PyCodePoints.ToUnits(text, begin), last = PyCodePoints.ToUnits(text, stop);
        ReadOnlySpan<char> span = text.AsSpan(first, last - first);
        int found = fromRight ? part.Length == 0 ? span.Length : span.LastIndexOf(part, StringComparison.Ordinal)
            : span.IndexOf(part, StringComparison.Ordinal);
        return found < 0 ? BigInteger.MinusOne : (BigInteger)PyCodePoints.FromUnits(text, first + found);
    }

    public static object Occurrences(string text, string part, object? start, object? end)
    {
        (int begin, int stop) = Bounds(text, start, end);
        if (begin > stop) return BigInteger.Zero;
        if (part.Length == 0) return (BigInteger)(stop - begin + 1);
        string span = text[PyCodePoints.ToUnits(text, begin)..PyCodePoints.ToUnits(text, stop)];
        int count = 0;
        for (int at = span.IndexOf(part, StringComparison.Ordinal); at >= 0; at = span.IndexOf(part, at + part.Length, StringComparison.Ordinal)) count++;
        return (BigInteger)count;
    }

    public static string Replace(JinjaRun run, string text, string old, string replacement, BigInteger count)
    {
        if (count.Sign < 0) count = int.MaxValue;
        StringBuilder result = new();
        int at = 0;
        if (old.Length == 0)
        {
            foreach (string point in PyCodePoints.Each(text))
            {
                if (count-- > 0) result.Append(replacement);
                result.Append(point);
                run.Budget.Text(result.Length);
            }
            if (count > 0) result.Append(replacement);
            return result.ToString();
        }
        for (; count > 0; count--)
        {
            int found = text.IndexOf(old, at, StringComparison.Ordinal);
            if (found < 0) break;
            if (result.Length > JinjaBudget.MaxTextLength) run.Budget.Text(result.Length);
            result.Append(text, at, found - at).Append(replacement);
            at = found + old.Length;
        }
        return run.Built(result.Append(text, at, text.Length - at).ToString());
    }

    public static object Partition(string text, string separator, bool fromRight)
    {
        if (separator.Length == 0) throw JinjaException.Type("empty separator");
        int at = fromRight ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0) return new PyTuple(fromRight ? ["", "", text] : [text, "", ""]);
        return new PyTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    public static IEnumerable<string> Split(string text, string? separator, BigInteger limit, bool fromRight)
    {
        if (separator is { Length: 0 }) throw JinjaException.Type("empty separator");
        int left = limit.Sign < 0 ? int.MaxValue : (int)BigInteger.Min(limit, int.MaxValue);
        List<string> parts = separator is null ? (fromRight ? WordsFromRight(text, left) : Words(text, left)) : fromRight
            ? PartsFromRight(text, separator, left) : Parts(text, separator, left);
        return parts;
    }

    public static IEnumerable<string> SplitLines(string text, bool keepEnds = false)
    {
        int begin = 0;
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029')) continue;
            int end = at;
            if (text[at] == '\r' && at + 1 < text.Length && text[at + 1] == '\n') at++;
            yield return keepEnds ? text[begin..(at + 1)] : text[begin..end];
            begin = at + 1;
        }
        if (begin < text.Length) yield return text[begin..];
    }

    private static List<string> Parts(string text, string separator, int left)
    {
        List<string> parts = [];
        int at = 0;
        for (; left > 0; left--)
        {
            int found = text.IndexOf(separator, at, StringComparison.Ordinal);
            if (found < 0) break;
            parts.Add(text[at..found]);
            at = found + separator.Length;
        }
        parts.Add(text[at..]);
        return parts;
    }

    private static List<string> PartsFromRight(string text, string separator, int left)
    {
        List<string> parts = [];
        string rest = text;
        for (; left > 0; left--)
        {
            int found = rest.LastIndexOf(separator, StringComparison.Ordinal);
            if (found < 0) break;
            parts.Add(rest[(found + separator.Length)..]);
            rest = rest[..found];
        }
        parts.Add(rest);
        parts.Reverse();
        return parts;
    }

    private static List<string> Words(string text, int left)
    {
        List<string> words = [];
        for (int at = 0; ;)
        {
            while (at < text.Length && JinjaText.IsSpace(text[at])) at++;
            if (at == text.Length) return words;
            if (left-- == 0)
            {
                words.Add(text.AsSpan(at).TrimEnd(JinjaText.WhiteSpace).ToString());
                return words;
            }
            int begin = at;
            while (at < text.Length && !JinjaText.IsSpace(text[at])) at++;
            words.Add(text[begin..at]);
        }
    }

    private static List<string> WordsFromRight(string text, int left)
    {
        List<string> words = [];
        for (int at = text.Length; ;)
        {
            while (at > 0 && JinjaText.IsSpace(text[at - 1])) at--;
            if (at == 0) break;
            if (left-- == 0)
            {
                words.Add(text.AsSpan(0, at).TrimStart(JinjaText.WhiteSpace).ToString());
                break;
            }
            int end = at;
            while (at > 0 && !JinjaText.IsSpace(text[at - 1])) at--;
            words.Add(text[at..end]);
        }
        words.Reverse();
        return words;
    }
}
