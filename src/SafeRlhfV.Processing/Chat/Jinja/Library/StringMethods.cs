using System.Globalization;
using System.Numerics;
using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>The methods of str. Places and lengths are code points.</summary>
internal static class StringMethods
{
    // Chinese characters that are numbers; .NET's table has them as letters only
    private const string HanNumbers =
        "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺" +
        "廾廿弌弍弎弐拾捌柒漆玖百肆萬貮貳贰阡陆陌陸零參拾兩零六陸什";

    private delegate object? Method(JinjaRun run, string text, object?[] given);

    private static readonly Dictionary<string, (PySignature Signature, Method Call)> Methods = new()
    {
        ["upper"] = Plain("upper", PyCase.Upper),
        ["lower"] = Plain("lower", PyCase.Lower),
        ["title"] = Plain("title", PyCase.Title),
        ["capitalize"] = Plain("capitalize", PyCase.Capitalize),
        ["swapcase"] = Plain("swapcase", PyCase.Swap),
        ["casefold"] = Plain("casefold", PyCase.Fold),
        ["strip"] = (new("strip", "chars? /"), (_, text, given) => Strip(text, given[0], true, true)),
        ["lstrip"] = (new("lstrip", "chars? /"), (_, text, given) => Strip(text, given[0], true, false)),
        ["rstrip"] = (new("rstrip", "chars? /"), (_, text, given) => Strip(text, given[0], false, true)),
        ["split"] = (new("split", "sep? maxsplit?"), (run, text, given) =>
            run.List(StringSearch.Split(text, Optional(given[0]), Whole(given[1], -1), fromRight: false))),
        ["rsplit"] = (new("rsplit", "sep? maxsplit?"), (run, text, given) =>
            run.List(StringSearch.Split(text, Optional(given[0]), Whole(given[1], -1), fromRight: true))),
        ["splitlines"] = (new("splitlines", "keepends?"), (run, text, given) =>
            run.List(StringSearch.SplitLines(text, PyOperators.IsTrue(Or(given[0], false))))),
        ["partition"] = (new("partition", "sep /"), (_, text, given) => StringSearch.Partition(text, Text(given[0]), fromRight: false)),
        ["rpartition"] = (new("rpartition", "sep /"), (_, text, given) => StringSearch.Partition(text, Text(given[0]), fromRight: true)),
        ["startswith"] = (new("startswith", "prefix start? end? /"), (_, text, given) =>
            Affix("startswith", text, given, (part, affix) => part.StartsWith(affix, StringComparison.Ordinal))),
        ["endswith"] = (new("endswith", "suffix start? end? /"), (_, text, given) =>
            Affix("endswith", text, given, (part, affix) => part.EndsWith(affix, StringComparison.Ordinal))),
        ["removeprefix"] = (new("removeprefix", "prefix /"), (_, text, given) => text.StartsWith(Text(given[0]), StringComparison.Ordinal)
            ? text[Text(given[0]).Length..] : text),
        ["removesuffix"] = (new("removesuffix", "suffix /"), (_, text, given) => text.EndsWith(Text(given[0]), StringComparison.Ordinal)
            ? text[..^Text(given[0]).Length] : text),
        ["replace"] = (new("replace", "old new count? /"), (run, text, given) =>
            StringSearch.Replace(run, text, Text(given[0]), Text(given[1]), Whole(given[2], -1))),
        ["find"] = (new("find", "sub start? end? /"), (_, text, given) => StringSearch.Find(text, Text(given[0]), given[1], given[2], fromRight: false)),
        ["rfind"] = (new("rfind", "sub start? end? /"), (_, text, given) => StringSearch.Find(text, Text(given[0]), given[1], given[2], fromRight: true)),
        ["index"] = (new("index", "sub start? end? /"), (_, text, given) =>
            Found(StringSearch.Find(text, Text(given[0]), given[1], given[2], fromRight: false))),
        ["rindex"] = (new("rindex", "sub start? end? /"), (_, text, given) =>
            Found(StringSearch.Find(text, Text(given[0]), given[1], given[2], fromRight: true))),
        ["count"] = (new("count", "sub start? end? /"), (_, text, given) => StringSearch.Occurrences(text, Text(given[0]), given[1], given[2])),
        ["join"] = (new("join", "iterable /"), (run, text, given) => Join(run, text, given[0])),
        ["ljust"] = (new("ljust", "width fillchar? /"), (run, text, given) => Justify(run, text, given, '<')),
        ["rjust"] = (new("rjust", "width fillchar? /"), (run, text, given) => Justify(run, text, given, '>')),
        ["center"] = (new("center", "width fillchar? /"), (run, text, given) => Center(run, text, Whole(given[0], 0), Fill(given[1]))),
        ["zfill"] = (new("zfill", "width /"), (run, text, given) => ZeroFill(run, text, Whole(given[0], 0))),
        ["expandtabs"] = (new("expandtabs", "tabsize?"), (run, text, given) => ExpandTabs(run, text, Whole(given[0], 8))),
        ["encode"] = (new("encode", "encoding? errors?"), (_, text, given) => Or(given[0], "utf-8") is "utf-8" or "utf8" or "UTF-8"
            ? new PyBytes(Encoding.UTF8.GetBytes(text)) : throw JinjaException.Type("str.encode knows utf-8 only")),
        ["translate"] = (new("translate", "table /"), (run, text, given) => Translate(run, text, given[0])),
        ["isalpha"] = All("isalpha", rune => Rune.IsLetter(rune)),
        ["isdigit"] = All("isdigit", rune => CharUnicodeInfo.GetDigitValue(rune.ToString(), 0) >= 0),
        ["isdecimal"] = All("isdecimal", rune => Rune.GetUnicodeCategory(rune) == UnicodeCategory.DecimalDigitNumber),
        ["isnumeric"] = All("isnumeric", IsNumeric),
        ["isalnum"] = All("isalnum", rune => Rune.IsLetter(rune) || IsNumeric(rune)),
        ["isspace"] = All("isspace", rune => rune.IsBmp && JinjaText.IsSpace((char)rune.Value)),
        ["isprintable"] = Plain("isprintable", text => text.EnumerateRunes().All(PyText.IsPrintable)),
        ["isascii"] = Plain("isascii", text => Ascii.IsValid(text)),
        ["isidentifier"] = Plain("isidentifier", text => JinjaText.IsIdentifier(text)),
        ["isupper"] = Plain("isupper", text => IsInCase(text, PyCase.IsUpper)),
        ["islower"] = Plain("islower", text => IsInCase(text, PyCase.IsLower)),
        ["istitle"] = Plain("istitle", text => IsTitle(text)),
    };

    public static bool TryGet(object? owner, string name, out object? value)
    {
        string text = PyTypes.TextOf(owner)!;
        if (name is "format" or "format_map")
        {
            value = new PyCallable(name, (run, arguments) => Wrap(owner, Format(run, name, text, arguments)), "builtin_function_or_method");
            return true;
        }
        bool exists = Methods.TryGetValue(name, out (PySignature Signature, Method Call) method);
        value = exists ? new PyCallable(name, (run, arguments) =>
            Wrap(owner, method.Call(run, text, method.Signature.Bind(arguments))), "builtin_function_or_method") : null;
        return exists || name == "maketrans";
    }

    public static bool IsInCase(string text, Func<Rune, bool> isOf)
    {
        bool any = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (isOf(rune)) any = true;
            else if (PyCase.IsCased(rune)) return false;
        }
        return any;
    }

    public static string Strip(string text, object? characters, bool atStart, bool atEnd)
    {
        if (ReferenceEquals(characters, PySignature.Absent) || characters is null)
        {
            ReadOnlySpan<char> span = text;
            if (atStart) span = span.TrimStart(JinjaText.WhiteSpace);
            if (atEnd) span = span.TrimEnd(JinjaText.WhiteSpace);
            return span.ToString();
        }
        HashSet<string> set = [.. PyCodePoints.Each(Text(characters))];
        string[] points = [.. PyCodePoints.Each(text)];
        int begin = 0, end = points.Length;
        while (atStart && begin < end && set.Contains(points[begin])) begin++;
        while (atEnd && end > begin && set.Contains(points[end - 1])) end--;
        return string.Concat(points[begin..end]);
    }

    public static string Center(JinjaRun run, string text, BigInteger width, string fill)
    {
        run.Budget.Text(width);
        int missing = (int)BigInteger.Max(width, 0) - PyCodePoints.Count(text);
        if (missing <= 0) return text;
        int left = missing / 2 + (missing & (int)width & 1); // as CPython rounds
        return Repeat(fill, left) + text + Repeat(fill, missing - left);
    }

    public static string Text(object? value) =>
        PyTypes.TextOf(value) ?? throw (value is PyUndefined ? JinjaException.Type("must be str, not Undefined")
        : JinjaException.Type($"must be str, not {PyTypes.NameOf(value)}"));

    public static BigInteger Whole(object? value, int otherwise) => ReferenceEquals(value, PySignature.Absent) ? otherwise
        : PyNumbers.IsInteger(value, out BigInteger whole) ? whole
            : throw JinjaException.Type($"'{PyTypes.NameOf(value)}' object cannot be interpreted as an integer");

    private static object? Or(object? value, object? otherwise) => ReferenceEquals(value, PySignature.Absent) ? otherwise : value;

    private static string? Optional(object? value) => Or(value, null) is { } given ? Text(given) : null;

    private static (PySignature, Method) Plain(string name, Func<string, object?> call) => (new PySignature(name, ""), (_, text, _) => call(text));

    private static (PySignature, Method) All(string name, Func<Rune, bool> holds) => Plain(name, text => text.Length > 0 && text.EnumerateRunes().All(holds));

    private static object? Wrap(object? owner, object? result) => owner is PyMarkup && result is string text ? new PyMarkup(text) : result;

    private static bool IsNumeric(Rune rune) => CharUnicodeInfo.GetNumericValue(rune.ToString(), 0) != -1
        || HanNumbers.Contains(rune.ToString(), StringComparison.Ordinal);

    private static string Format(JinjaRun run, string name, string text, CallArguments arguments)
    {
        if (name == "format") return new BraceFormat(run, arguments).Apply(text);
        object? map = new PySignature("format_map", "mapping /").Bind(arguments)[0];
        return new BraceFormat(run, new CallArguments([], map as PyDict ?? throw JinjaException.Type("format_map wants a mapping"))).Apply(text);
    }

    private static object Affix(string name, string text, object?[] given, Func<string, string, bool> matches)
    {
        string part = text;
        if (!ReferenceEquals(given[1], PySignature.Absent) || !ReferenceEquals(given[2], PySignature.Absent))
        {
            (int begin, int end) = StringSearch.Bounds(text, given[1], given[2]);
            if (begin > end) return false;
            part = PyCodePoints.Slice(text, (BigInteger)begin, (BigInteger)end, null);
        }
        if (PyTypes.TextOf(given[0]) is { } affix) return matches(part, affix);
        if (given[0] is not PyTuple tuple) throw JinjaException.Type($"{name} first arg must be str or a tuple of str, not {PyTypes.NameOf(given[0])}");
        return tuple.Items.Any(item =>
            matches(part, PyTypes.TextOf(item) ?? throw JinjaException.Type($"tuple for {name} must only contain str, not {PyTypes.NameOf(item)}")));
    }

    private static object Found(object place) => ((BigInteger)place).Sign >= 0 ? place : throw JinjaException.Type("substring not found");

    private static string Join(JinjaRun run, string separator, object? items)
    {
        List<string> texts = [];
        long length = 0;
        foreach (object? item in run.Iterate(items))
        {
            string text = PyTypes.TextOf(item)
                ?? throw JinjaException.Type($"sequence item {texts.Count}: expected str instance, {PyTypes.NameOf(item)} found");
            length += text.Length + separator.Length;
            run.Budget.Text(length);
            texts.Add(text);
        }
        return string.Join(separator, texts);
    }

    private static string Justify(JinjaRun run, string text, object?[] given, char align)
    {
        BigInteger width = Whole(given[0], 0);
        run.Budget.Text(width);
        string fill = Repeat(Fill(given[1]), (int)BigInteger.Max(width, 0) - PyCodePoints.Count(text));
        return align == '<' ? text + fill : fill + text;
    }

    private static string Fill(object? value)
    {
        string fill = ReferenceEquals(value, PySignature.Absent) ? " " : Text(value);
        return PyCodePoints.Count(fill) == 1 ? fill : throw JinjaException.Type("The fill character must be exactly one character long");
    }

    private static string Repeat(string text, int count) => count <= 0 ? "" : text.Length == 1 ? new string(text[0], count)
        : string.Concat(Enumerable.Repeat(text, count));

    private static string ZeroFill(JinjaRun run, string text, BigInteger width)
    {
        run.Budget.Text(width);
        int missing = (int)BigInteger.Max(width, 0) - PyCodePoints.Count(text);
        if (missing <= 0) return text;
        return text.Length > 0 && text[0] is '+' or '-' ? text[0] + Repeat("0", missing) + text[1..] : Repeat("0", missing) + text;
    }

    private static string ExpandTabs(JinjaRun run, string text, BigInteger size)
    {
        run.Budget.Text(size * text.Count(character => character == '\t'));
        StringBuilder result = new();
        int column = 0;
        foreach (string point in PyCodePoints.Each(text))
        {
            if (point == "\t")
            {
                int blanks = size.Sign > 0 ? (int)size - column % (int)size : 0;
                result.Append(' ', blanks);
                column += blanks;
                continue;
            }
            result.Append(point);
            column = point is "\n" or "\r" ? 0 : column + 1;
        }
        return result.ToString();
    }

    private static string Translate(JinjaRun run, string text, object? table)
    {
        if (table is not PyDict map) throw JinjaException.Type("translate wants a mapping");
        StringBuilder result = new();
        foreach (string point in PyCodePoints.Each(text))
        {
            if (!map.TryGet((BigInteger)char.ConvertToUtf32(point, 0), out object? to)) result.Append(point);
            else if (PyTypes.TextOf(to) is { } replaced) result.Append(replaced);
            else if (PyNumbers.IsInteger(to, out BigInteger code)) result.Append(char.ConvertFromUtf32((int)BigInteger.Clamp(code, 0, 0x10FFFF)));
            else if (to is not null) throw JinjaException.Type("character mapping must return integer, None or str");
        }
        return run.Built(result.ToString());
    }

    private static bool IsTitle(string text)
    {
        bool any = false, inWord = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (PyCase.IsUpper(rune) || PyCase.IsTitle(rune))
            {
                if (inWord) return false;
                inWord = any = true;
            }
            else if (PyCase.IsLower(rune))
            {
                if (!inWord) return false;
                any = true;
            }
            else inWord = false;
        }
        return any;
    }
}
