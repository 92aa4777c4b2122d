using System.Numerics;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>The filter wordwrap: Python's textwrap with blanks kept as they are.</summary>
internal static partial class TextWrap
{
    public static object? Apply(JinjaRun run, object? value, object?[] given)
    {
        if (value is PyUndefined undefined) throw undefined.Error();
        BigInteger width = StringMethods.Whole(given[0], 79);
        if (width.Sign <= 0) throw JinjaException.Type($"invalid width {width} (must be > 0)");
        bool breakLong = PyOperators.IsTrue(JinjaFilters.Or(given[1], true)), onHyphens = PyOperators.IsTrue(JinjaFilters.Or(given[3], true));
        string wrap = JinjaFilters.Or(given[2], null) is { } text ? StringMethods.Text(text) : "\n";
        int size = (int)BigInteger.Min(width, int.MaxValue);
        return run.Built(string.Join(wrap,
            StringSearch.SplitLines(StringMethods.Text(value)).Select(line => string.Join(wrap, Wrap(line, size, breakLong, onHyphens)))));
    }

    private static List<string> Wrap(string line, int width, bool breakLong, bool onHyphens)
    {
        Stack<string> chunks = new((onHyphens ? Chunks() : Blanks()).Split(line).Where(chunk => chunk.Length > 0).Reverse());
        List<string> lines = [];
        while (chunks.Count > 0)
        {
            List<string> current = [];
            int length = 0;
            if (lines.Count > 0 && IsBlank(chunks.Peek())) chunks.Pop();
            while (chunks.Count > 0 && length + PyCodePoints.Count(chunks.Peek()) <= width)
            {
                length += PyCodePoints.Count(chunks.Peek());
                current.Add(chunks.Pop());
            }
            if (chunks.Count > 0 && PyCodePoints.Count(chunks.Peek()) > width)
            {
                if (breakLong) BreakWord(chunks, current, width - length, width, onHyphens);
                else if (current.Count == 0) current.Add(chunks.Pop());
            }
            if (current.Count > 0 && IsBlank(current[^1])) current.RemoveAt(current.Count - 1);
            if (current.Count > 0) lines.Add(string.Concat(current));
        }
        return lines;
    }

    private static void BreakWord(Stack<string> chunks, List<string> current, int left, int width, bool onHyphens)
    {
        int space = width < 1 ? 1 : left, end = space;
        string chunk = chunks.Pop();
        if (onHyphens && PyCodePoints.Count(chunk) > space)
        {
            int hyphen = PyCodePoints.Take(chunk, space).LastIndexOf('-');
            if (hyphen > 0 && chunk[..hyphen].Any(character => character != '-')) end = PyCodePoints.FromUnits(chunk, hyphen) + 1;
        }
        int at = PyCodePoints.ToUnits(chunk, end);
        if (at > 0) current.Add(chunk[..at]);
        if (at < chunk.Length) chunks.Push(chunk[at..]);
    }

    private static bool IsBlank(string chunk) => chunk.AsSpan().Trim(JinjaText.WhiteSpace).IsEmpty;

    [GeneratedRegex(@"([\t\n\v\f\r ]+)")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"([\t\n\v\f\r ]+|(?<=[\w!""'&.,?])-{2,}(?=\w)|[^\t\n\v\f\r ](?:[^\t\n\v\f\r ])*?"
        + @"(?:-(?:(?<=[\p{L}]{2}-)|(?<=[\p{L}]-[\p{L}]-))(?=[\p{L}]-?[\p{L}])|(?=[\t\n\v\f\r ]|\z)|(?<=[\w!""'&.,?])(?=-{2,}\w)))")]
    private static partial Regex Chunks();
}
