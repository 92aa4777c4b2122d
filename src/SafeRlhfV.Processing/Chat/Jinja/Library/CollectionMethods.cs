using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>The methods of lists, tuples, dictionaries, ranges, groups and cyclers.</summary>
internal static class CollectionMethods
{
    /// <summary>Methods that would change a list; the sandbox closes them.</summary>
    public static readonly HashSet<string> ListChanging = ["append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove"];

    /// <summary>Methods that would change a dictionary.</summary>
    public static readonly HashSet<string> DictChanging = ["clear", "pop", "popitem", "setdefault", "update"];

    private static readonly Dictionary<string, PySignature> Signatures = new Dictionary<string, string>
    {
        ["get"] = "key default? /",
        ["items"] = "",
        ["keys"] = "",
        ["values"] = "",
        ["copy"] = "",
        ["fromkeys"] = "iterable value? /",
        ["index"] = "value start? stop? /",
        ["count"] = "value /",
        ["next"] = "",
        ["reset"] = "",
    }.ToDictionary(pair => pair.Key, pair => new PySignature(pair.Key, pair.Value));

    public static bool TryGet(object? owner, string name, out object? value)
    {
        value = owner switch
        {
            PyDict dict => OfDict(dict, name),
            PyList list => name is "index" or "count" ? OfSequence(list.Items, name, "list") : name == "copy" ? Method(name, (_, _) => new PyList(list.Items))
                : ListChanging.Contains(name) ? null : PySignature.Absent,
            PyTuple tuple => name is "index" or "count" ? OfSequence(tuple.Items, name, "tuple") : PySignature.Absent,
            PyGroup group => name switch
            {
                "grouper" => group.Key,
                "list" => group.Members,
                "index" or "count" =>
                OfSequence(group.AsTuple.Items, name, "tuple"),
                _ => PySignature.Absent
            },
            PyRange range => name switch
            {
                "start" => range.Start,
                "stop" => range.Stop,
                "step" => range.Step,
                "index" or "count" => Method(name, (run, given) => Search(run.List(range.Items).Items, name, given, "range")),
                _ => PySignature.Absent,
            },
            PyCycler cycler => name switch
            {
                "current" => cycler.Current,
                "next" => Method(name, (_, _) => cycler.Next()),
                "reset" => Method(name, (_, _) => Reset(cycler)),
                _ => PySignature.Absent,
            },
            PyGenerator => name is "gi_frame" or "gi_code" or "send" or "throw" or "close" or "gi_running" or "gi_yieldfrom" ? null : PySignature.Absent,
            _ => PySignature.Absent,
        };
        return !ReferenceEquals(value, PySignature.Absent);
    }

    /// <summary>Attributes of the type dict itself; only fromkeys is open.</summary>
    public static bool TryGetOfType(string name, out object? value)
    {
        value = name == "fromkeys" ? Method(name, FromKeys) : null;
        return value is not null || name is "mro" or "get" or "items" or "keys" or "values" or "copy" || DictChanging.Contains(name);
    }

    private static object? OfDict(PyDict dict, string name) => name switch
    {
        "get" => Method(name, (_, given) => dict.TryGet(given[0], out object? found) ? found : ReferenceEquals(given[1], PySignature.Absent) ? null : given[1]),
        "items" or "keys" or "values" => Method(name, (_, _) => new PyDictView(dict, name)),
        "copy" => Method(name, (_, _) => dict.Copy()),
        "fromkeys" => Method(name, FromKeys),
        _ => DictChanging.Contains(name) ? null : PySignature.Absent,
    };

    private static PyCallable OfSequence(IReadOnlyList<object?> items, string name, string type) =>
        Method(name, (_, given) => Search(items, name, given, type));

    private static object Search(IReadOnlyList<object?> items, string name, object?[] given, string type)
    {
        if (name == "count") return (BigInteger)items.Count(item => PyOperators.AreEqual(item, given[0]));
        int from = Bound(given[1], 0), to = Bound(given[2], items.Count);
        for (int at = from; at < to; at++)
            if (PyOperators.AreEqual(items[at], given[0])) return (BigInteger)at;
        throw JinjaException.Type(type == "tuple" ? "tuple.index(x): x not in tuple" : $"{PyText.Repr(given[0])} is not in {type}");

        int Bound(object? value, int otherwise) => ReferenceEquals(value, PySignature.Absent) ? otherwise
            : PyNumbers.IsInteger(value, out BigInteger bound) ? (int)BigInteger.Clamp(bound.Sign < 0 ? bound + items.Count : bound, 0, items.Count)
            : throw JinjaException.Type("slice indices must be integers or have an __index__ method");
    }

    private static object? FromKeys(JinjaRun run, object?[] given)
    {
        PyDict dict = new();
        foreach (object? key in run.Iterate(given[0])) dict[key] = ReferenceEquals(given[1], PySignature.Absent) ? null : given[1];
        return dict;
    }

    private static object? Reset(PyCycler cycler)
    {
        cycler.Reset();
        return null;
    }

    private static PyCallable Method(string name, Func<JinjaRun, object?[], object?> call) =>
        new(name, (run, arguments) => call(run, Signatures[name].Bind(arguments)), "builtin_function_or_method");
}
