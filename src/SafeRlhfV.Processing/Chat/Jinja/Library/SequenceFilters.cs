using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>Filters over lists, dictionaries and what else has items.</summary>
internal static class SequenceFilters
{
    public static void AddTo(Action<string, string, JinjaFilters.Filter> add, Action<string, Func<JinjaRun, object?, CallArguments, object?>> addFree)
    {
        foreach (string name in (string[])["length", "count"])
            add(name, "", (_, value, _) =>
                (BigInteger)(JinjaRun.LengthOf(value) ?? throw JinjaException.Type($"object of type '{PyTypes.NameOf(value)}' has no len()")));
        add("list", "", (run, value, _) => run.List(run.Iterate(value)));
        add("first", "", (run, value, _) => FirstOf(run.Iterate(value), "No first item, sequence was empty."));
        add("last", "", (run, value, _) => FirstOf(run.Iterate(Reversed(run, value)), "No last item, sequence was empty."));
        add("reverse", "", (run, value, _) => PyTypes.TextOf(value) is { } text ? PyCodePoints.Slice(text, null, null, BigInteger.MinusOne)
            : value is PyGenerator ? new PyList([.. run.List(run.Iterate(value)).Items.Reverse()]) : Reversed(run, value));
        add("join", "d? attribute?", Join);
        add("sum", "attribute? start?", Sum);
        add("min", "case_sensitive? attribute?", (run, value, given) => Extreme(run, value, given, "<"));
        add("max", "case_sensitive? attribute?", (run, value, given) => Extreme(run, value, given, ">"));
        add("sort", "reverse? case_sensitive? attribute?", Sort);
        add("unique", "case_sensitive? attribute?", (run, value, given) =>
            new PyGenerator(Unique(run, run.Iterate(value), ItemKey.Of(run, given[1], null, Flag(given[0])))));
        add("dictsort", "case_sensitive? by? reverse?", DictSort);
        add("groupby", "attribute default? case_sensitive?", GroupBy);
        add("batch", "linecount fill_with?", (run, value, given) =>
            new PyGenerator(Batch(run, run.Iterate(value), StringMethods.Whole(given[0], 0), JinjaFilters.Or(given[1], null))));
        add("slice", "slices fill_with?", Slice);
        add("items", "", Items);
        addFree("map", Map);
        addFree("select", (run, value, arguments) => Select(run, value, arguments, ofAttribute: false, keep: true));
        addFree("reject", (run, value, arguments) => Select(run, value, arguments, ofAttribute: false, keep: false));
        addFree("selectattr", (run, value, arguments) => Select(run, value, arguments, ofAttribute: true, keep: true));
        addFree("rejectattr", (run, value, arguments) => Select(run, value, arguments, ofAttribute: true, keep: false));
    }

    private static bool Flag(object? value) => PyOperators.IsTrue(JinjaFilters.Or(value, false));

    private static object? FirstOf(IEnumerable<object?> items, string missing)
    {
        foreach (object? item in items) return item;
        return PyUndefined.Because(missing);
    }

    private static object? Reversed(JinjaRun run, object? value) => value switch
    {
        PyGenerator or PyBytes => throw JinjaException.Type($"'{PyTypes.NameOf(value)}' object is not reversible"),
        _ => new PyGenerator(run.List(run.Iterate(value)).Items.Reverse(), value is PyList ? "list_reverseiterator" : "reversed"),
    };

    private static object? Join(JinjaRun run, object? value, object?[] given)
    {
        object? attribute = JinjaFilters.Or(given[1], null), separator = JinjaFilters.Or(given[0], "");
        IEnumerable<object?> items = run.Iterate(value);
        if (attribute is not null && PyOperators.IsTrue(attribute)) items = items.Select(ItemKey.Of(run, attribute, null, isCaseSensitive: true));
        object?[] all = [.. run.List(items).Items];
        bool escapes = run.AutoEscape && (separator is PyMarkup || all.Any(item => item is PyMarkup));
        string[] texts = [.. all.Select(item => escapes ? PyMarkup.Escape(item).Text : PyText.Of(item))];
        string between = escapes ? PyMarkup.Escape(separator).Text : PyText.Of(separator);
        run.Budget.Text(texts.Sum(text => (long)text.Length) + (long)between.Length * texts.Length);
        string joined = string.Join(between, texts);
        return escapes ? new PyMarkup(joined) : joined;
    }

    private static object? Sum(JinjaRun run, object? value, object?[] given)
    {
        object? total = JinjaFilters.Or(given[1], BigInteger.Zero);
        if (PyTypes.IsText(total)) throw JinjaException.Type("sum() can't sum strings [use ''.join(seq) instead]");
        IEnumerable<object?> items = run.Iterate(value);
        if (JinjaFilters.Or(given[0], null) is { } attribute) items = items.Select(ItemKey.Of(run, attribute, null, isCaseSensitive: true));
        foreach (object? item in items) total = PyOperators.Binary(run, "+", total, item);
        return total;
    }

    private static object? Extreme(JinjaRun run, object? value, object?[] given, string sign)
    {
        Func<object?, object?> key = ItemKey.Of(run, given[1], null, Flag(given[0]));
        object? best = PyUndefined.Because("No aggregated item, sequence was empty."), bestKey = null;
        bool any = false;
        foreach (object? item in run.Iterate(value))
        {
            object? itemKey = key(item);
            if (!any || PyOperators.IsOrdered(sign, itemKey, bestKey)) (best, bestKey) = (item, itemKey);
            any = true;
        }
        return best;
    }

    private static object? Sort(JinjaRun run, object? value, object?[] given) =>
        new PyList(PyOperators.Sorted(run, run.Iterate(value), ItemKey.OfSeveral(run, given[2], Flag(given[1])), Flag(given[0])));

    private static IEnumerable<object?> Unique(JinjaRun run, IEnumerable<object?> items, Func<object?, object?> key)
    {
        PyDict seen = new();
        foreach (object? item in items)
        {
            object? itemKey = key(item);
            if (seen.TryGet(itemKey, out _)) continue;
            seen[itemKey] = null;
            yield return item;
        }
    }

    private static object? DictSort(JinjaRun run, object? value, object?[] given)
    {
        if (value is PyUndefined undefined) throw undefined.Error();
        if (value is not PyDict dict) throw JinjaException.Type($"'{PyTypes.NameOf(value)}' object has no attribute 'items'");
        int at = PyText.Of(JinjaFilters.Or(given[1], "key")) switch
        {
            "key" => 0,
            "value" => 1,
            _ =>
            throw JinjaException.Type("You can only sort by either \"key\" or \"value\"")
        };
        bool isCaseSensitive = Flag(given[0]);
        IEnumerable<object?> pairs = dict.Entries.Select(entry => (object?)new PyTuple([entry.Key, entry.Value]));
        return new PyList(PyOperators.Sorted(run, pairs, pair => ItemKey.Folded(((PyTuple)pair!).Items[at], isCaseSensitive), Flag(given[2])));
    }

    private static object? GroupBy(JinjaRun run, object? value, object?[] given)
    {
        object? otherwise = JinjaFilters.Or(given[1], null);
        bool isCaseSensitive = Flag(given[2]);
        Func<object?, object?> key = ItemKey.Of(run, given[0], otherwise, isCaseSensitive), shown = ItemKey.Of(run, given[0], otherwise, isCaseSensitive: true);
        List<(object? Key, List<object?> Members)> groups = [];
        foreach (object? item in PyOperators.Sorted(run, run.Iterate(value), key))
        {
            object? itemKey = key(item);
            if (groups.Count == 0 || !PyOperators.AreEqual(groups[^1].Key, itemKey)) groups.Add((itemKey, []));
            groups[^1].Members.Add(item);
        }
        return new PyList([.. groups.Select(group => (object?)new PyGroup(shown(group.Members[0]), new PyList(group.Members)))]);
    }

    private static IEnumerable<object?> Batch(JinjaRun run, IEnumerable<object?> items, BigInteger size, object? fill)
    {
        List<object?> line = [];
        foreach (object? item in items)
        {
            if (line.Count == size)
            {
                yield return new PyList(line);
                line = [];
            }
            line.Add(item);
        }
        if (line.Count == 0) yield break;
        if (fill is not null && line.Count < size)
        {
            run.Budget.Items(size);
            while (line.Count < size) line.Add(fill);
        }
        yield return new PyList(line);
    }

    private static object? Slice(JinjaRun run, object? value, object?[] given)
    {
        BigInteger slices = StringMethods.Whole(given[0], 0);
        object? fill = JinjaFilters.Or(given[1], null);
        IReadOnlyList<object?> items = run.List(run.Iterate(value)).Items;
        run.Budget.Items(BigInteger.Max(slices, 0));
        return new PyGenerator(Slices());

        IEnumerable<object?> Slices()
        {
            if (slices.IsZero) throw JinjaException.Type("integer division or modulo by zero");
            if (slices.Sign < 0) yield break;
            int count = (int)slices, each = items.Count / count, more = items.Count % count, at = 0;
            for (int slice = 0; slice < count; slice++)
            {
                int size = each + (slice < more ? 1 : 0);
                List<object?> part = [.. items.Skip(at).Take(size)];
                at += size;
                if (fill is not null && slice >= more) part.Add(fill);
                yield return new PyList(part);
            }
        }
    }

    private static object? Items(JinjaRun run, object? value, object?[] given)
    {
        return new PyGenerator(Pairs());

        IEnumerable<object?> Pairs()
        {
            if (value is PyUndefined) yield break;
            if (value is not PyDict dict) throw JinjaException.Type("Can only get item pairs from a mapping.");
            foreach ((object? key, object? item) in dict.Entries) yield return new PyTuple([key, item]);
        }
    }

    private static object? Map(JinjaRun run, object? value, CallArguments arguments)
    {
        return new PyGenerator(Mapped());

        IEnumerable<object?> Mapped()
        {
            if (!PyOperators.IsTrue(value)) yield break;
            Func<object?, object?> map;
            if (arguments.Positional.Count == 0 && arguments.Named.TryGet("attribute", out object? attribute))
            {
                arguments.Named.TryGet("default", out object? otherwise);
                if (arguments.Named.Keys.FirstOrDefault(key =>
                    key is not ("attribute" or "default")) is { } strange) throw JinjaException.Type($"Unexpected keyword argument {PyText.Repr(strange)}");
                map = ItemKey.Of(run, attribute, otherwise, isCaseSensitive: true);
            }
            else
            {
                if (arguments.Positional.Count == 0) throw JinjaException.Type("map requires a filter argument");
                string name = StringMethods.Text(arguments.Positional[0]);
                CallArguments rest = arguments.Skip(1);
                map = item => JinjaFilters.Apply(run, name, item, rest);
            }
            foreach (object? item in run.Iterate(value)) yield return map(item);
        }
    }

    private static object? Select(JinjaRun run, object? value, CallArguments arguments, bool ofAttribute, bool keep)
    {
        return new PyGenerator(Selected());

        IEnumerable<object?> Selected()
        {
            if (!PyOperators.IsTrue(value)) yield break;
            if (ofAttribute && arguments.Positional.Count == 0) throw JinjaException.Type("Missing parameter for attribute name");
            Func<object?, object?> part = ofAttribute ? ItemKey.Of(run, arguments.Positional[0], null, isCaseSensitive: true) : item => item;
            CallArguments rest = ofAttribute ? arguments.Skip(1) : arguments;
            Func<object?, object?> test = item => PyOperators.IsTrue(item);
            if (rest.Positional.Count > 0)
            {
                string name = StringMethods.Text(rest.Positional[0]);
                CallArguments given = rest.Skip(1);
                test = item => JinjaTests.Apply(run, name, item, given);
            }
            foreach (object? item in run.Iterate(value))
                if (PyOperators.IsTrue(test(part(item))) == keep) yield return item;
        }
    }
}
