using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Processing;

/// <summary>Filters over texts.</summary>
internal static partial class TextFilters
{
    public static void AddTo(Action<string, string, JinjaFilters.Filter> add, Action<string, Func<JinjaRun, object?, CallArguments, object?>> addFree)
    {
        add("upper", "", (_, value, _) => Like(value, PyCase.Upper(PyText.Of(value))));
        add("lower", "", (_, value, _) => Like(value, PyCase.Lower(PyText.Of(value))));
        add("capitalize", "", (_, value, _) => Like(value, PyCase.Capitalize(PyText.Of(value))));
        add("title", "", (_, value, _) => Title(PyText.Of(value)));
        add("string", "", (_, value, _) => value is PyMarkup ? value : PyText.Of(value));
        add("trim", "chars?", (_, value, given) => Like(value, StringMethods.Strip(PyText.Of(value), given[0], true, true)));
        add("center", "width?", (run, value, given) => Like(value, StringMethods.Center(run, PyText.Of(value), StringMethods.Whole(given[0], 80), " ")));
        add("indent", "width? first? blank?", Indent);
        add("truncate", "length? killwords? end? leeway?", Truncate);
        add("wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?", TextWrap.Apply);
        add("wordcount", "", (_, value, _) => (BigInteger)Word().Count(PyText.Of(value)));
        add("replace", "old new count?", Replace);
        add("striptags", "", (_, value, _) => StripTags(PyText.Of(value)));
        add("urlencode", "", UrlEncode);
        add("xmlattr", "autospace?", XmlAttributes);
        add("pprint", "", (run, value, _) => new PrettyPrint(run).Of(value));
        foreach (string name in (string[])["escape", "e"]) add(name, "", (_, value, _) => PyMarkup.Escape(value));
        add("forceescape", "", (_, value, _) => PyMarkup.Escape(PyText.Of(value)));
        add("safe", "", (_, value, _) => value as PyMarkup ?? new PyMarkup(PyText.Of(value)));
        addFree("format", (run, value, arguments) =>
        {
            if (arguments.Positional.Count > 0
                && arguments.Named.Count > 0) throw JinjaException.Type("can't handle positional and keyword arguments at the same time");
            return PercentFormat.Apply(run, value is PyMarkup ? value : PyText.Of(value), arguments.Named.Count > 0 ? arguments.Named
                : new PyTuple(arguments.Positional));
        });
    }

    private static object Like(object? value, string text) => value is PyMarkup ? new PyMarkup(text) : text;

    private static string Title(string text)
    {
        StringBuilder result = new();
        foreach (string word in WordStart().Split(text))
        {
            if (word.Length == 0) continue;
            int first = PyCodePoints.ToUnits(word, 1);
            result.Append(PyCase.Upper(word[..first])).Append(PyCase.Lower(word[first..]));
        }
        return result.ToString();
    }

    private static object? Indent(JinjaRun run, object? value, object?[] given)
    {
        if (value is PyUndefined undefined) throw undefined.Error();
        string text = PyTypes.TextOf(value) ?? throw JinjaException.Type($"unsupported operand type(s) for +=: '{PyTypes.NameOf(value)}' and 'str'");
        object? width = JinjaFilters.Or(given[0], (BigInteger)4);
        string blanks;
        if (PyTypes.TextOf(width) is { } s) blanks = s;
        else
        {
            BigInteger count = StringMethods.Whole(width, 4);
            run.Budget.Text(count);
            blanks = new string(' ', (int)BigInteger.Max(count, 0));
        }
        bool first = PyOperators.IsTrue(JinjaFilters.Or(given[1], false)), blank = PyOperators.IsTrue(JinjaFilters.Or(given[2], false));
        string[] lines = [.. StringSearch.SplitLines(text + "\n")];
        run.Budget.Text(text.Length + (BigInteger)blanks.Length * lines.Length);
        string result = lines[0] + string.Concat(lines.Skip(1).Select(line => "\n" + (blank || line.Length > 0 ? blanks + line : line)));
        return Like(value, first ? blanks + result : result);
    }

    private static object? Truncate(JinjaRun run, object? value, object?[] given)
    {
        if (value is not (string or PyMarkup or PyUndefined))
        {
            if (JinjaRun.LengthOf(value) is not { } size) throw JinjaException.Type($"object of type '{PyTypes.NameOf(value)}' has no len()");
            if (size <= StringMethods.Whole(given[0], 255) + StringMethods.Whole(given[3], 5)) return value;
            throw JinjaException.Type($"'{PyTypes.NameOf(value)}' cannot be truncated");
        }
        string text = PyText.Of(value), end = PyText.Of(JinjaFilters.Or(given[2], "..."));
        BigInteger length = StringMethods.Whole(given[0], 255), leeway = JinjaFilters.Or(given[3], null) is null ? 5 : StringMethods.Whole(given[3], 5);
        int endLength = PyCodePoints.Count(end);
        if (length < endLength) throw JinjaException.Type($"expected length >= {endLength}, got {length}");
        if (leeway.Sign < 0) throw JinjaException.Type($"expected leeway >= 0, got {leeway}");
        if (PyCodePoints.Count(text) <= length + leeway) return value;
        string kept = PyCodePoints.Take(text, (int)length - endLength);
        if (PyOperators.IsTrue(JinjaFilters.Or(given[1], false))) return kept + end;
        int blank = kept.LastIndexOf(' ');
        return (blank < 0 ? kept : kept[..blank]) + end;
    }

    private static object? Replace(JinjaRun run, object? value, object?[] given)
    {
        object? limit = JinjaFilters.Or(given[2], null);
        BigInteger count = limit is null ? -1 : StringMethods.Whole(limit, -1);
        if (!run.AutoEscape) return StringSearch.Replace(run, PyText.Of(value), PyText.Of(given[0]), PyText.Of(given[1]), count);
        string text = given[0] is PyMarkup || (given[1] is PyMarkup && value is not PyMarkup) ? PyMarkup.Escape(value).Text : PyText.Of(value);
        bool isMarkup = value is PyMarkup || given[0] is PyMarkup || given[1] is PyMarkup;
        string replaced = StringSearch.Replace(run, text, PyText.Of(given[0]), isMarkup ? PyMarkup.Escape(given[1]).Text : PyText.Of(given[1]), count);
        return isMarkup ? new PyMarkup(replaced) : replaced;
    }

    private static string StripTags(string text)
    {
        text = Comment().Replace(text, "");
        text = Tag().Replace(text, "");
        return WebUtility.HtmlDecode(string.Join(' ', StringSearch.Split(text, null, -1, fromRight: false)));
    }

    private static object? UrlEncode(JinjaRun run, object? value, object?[] given)
    {
        if (value is string or PyMarkup or null or bool or BigInteger or double) return Quote(PyText.Of(value), "/");
        IEnumerable<object?> pairs = value is PyDict dict ? dict.Entries.Select(entry => (object?)new PyTuple([entry.Key, entry.Value])) : run.Iterate(value);
        return string.Join('&', pairs.Select(pair =>
        {
            IReadOnlyList<object?> items = run.List(run.Iterate(pair)).Items;
            if (items.Count != 2) throw JinjaException.Type("urlencode wants pairs");
            return Quote(PyText.Of(items[0]), "").Replace("%20", "+") + "=" + Quote(PyText.Of(items[1]), "").Replace("%20", "+");
        }));
    }

    private static string Quote(string text, string safe)
    {
        StringBuilder quoted = new();
        foreach (byte octet in Encoding.UTF8.GetBytes(text))
        {
            char character = (char)octet;
            if (char.IsAsciiLetterOrDigit(character) || "_.-~".Contains(character) || safe.Contains(character)) quoted.Append(character);
            else quoted.Append('%').Append(octet.ToString("X2", CultureInfo.InvariantCulture));
        }
        return quoted.ToString();
    }

    private static object? XmlAttributes(JinjaRun run, object? value, object?[] given)
    {
        if (value is PyUndefined undefined) throw undefined.Error();
        if (value is not PyDict dict) throw JinjaException.Type($"'{PyTypes.NameOf(value)}' object has no attribute 'items'");
        List<string> attributes = [];
        foreach ((object? key, object? item) in dict.Entries)
        {
            if (item is null or PyUndefined) continue;
            string name = PyTypes.TextOf(key) ?? throw JinjaException.Type("expected string or bytes-like object");
            if (BadAttribute().IsMatch(name)) throw JinjaException.Type($"Invalid character in attribute name: {PyText.Repr(name)}");
            attributes.Add($"{PyMarkup.Escape(key).Text}=\"{PyMarkup.Escape(item).Text}\"");
        }
        string text = string.Join(' ', attributes);
        return run.Finished(text.Length > 0 && PyOperators.IsTrue(JinjaFilters.Or(given[0], true)) ? " " + text : text);
    }

    [GeneratedRegex(@"([-\s\x1c-\x1f({\[<]+)")]
    private static partial Regex WordStart();

    [GeneratedRegex(@"[\p{L}\p{N}_]+")]
    private static partial Regex Word();

    [GeneratedRegex("<!--.*?-->", RegexOptions.Singleline)]
    private static partial Regex Comment();

    [GeneratedRegex("<.*?>", RegexOptions.Singleline)]
    private static partial Regex Tag();

    [GeneratedRegex(@"[\s/>=]")]
    private static partial Regex BadAttribute();
}
