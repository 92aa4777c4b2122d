namespace SafeRlhfV.Processing;

/// <summary>The filters by name; what they do stands in the files of texts, sequences and numbers.</summary>
internal static class JinjaFilters
{
    /// <summary>A filter with its arguments bound; those that were left out are <see cref="PySignature.Absent"/>.</summary>
    public delegate object? Filter(JinjaRun run, object? value, object?[] given);

    private static readonly Dictionary<string, Func<JinjaRun, object?, CallArguments, object?>> Filters = Create();

    public static bool Exists(string name) => Filters.ContainsKey(name);

    public static object? Apply(JinjaRun run, string name, object? value, CallArguments arguments)
    {
        if (!Filters.TryGetValue(name, out Func<JinjaRun, object?, CallArguments,
            object?>? filter)) throw JinjaException.Type($"No filter named {PyText.Repr(name)}.");
        return filter(run, value, arguments);
    }

    /// <summary>An argument, or what stands for it where it was left out.</summary>
    public static object? Or(object? value, object? otherwise) => ReferenceEquals(value, PySignature.Absent) ? otherwise : value;

    private static Dictionary<string, Func<JinjaRun, object?, CallArguments, object?>> Create()
    {
        Dictionary<string, Func<JinjaRun, object?, CallArguments, object?>> filters = new(StringComparer.Ordinal);
        TextFilters.AddTo(Add, AddFree);
        SequenceFilters.AddTo(Add, AddFree);
        NumberFilters.AddTo(Add);
        AddFree("tojson", (run, value, arguments) => JsonText.Filter(run, value, arguments));
        Add("attr", "name", (run, value, given) => Attribute(run, value, PyText.Of(given[0])));
        foreach (string name in (string[])["default", "d"])
            Add(name, "default_value? boolean?", (_, value, given) => value is PyUndefined
                || (PyOperators.IsTrue(Or(given[1], false)) && !PyOperators.IsTrue(value)) ? Or(given[0], "") : value);
        AddFree("random", (_, value, _) => JinjaRun.LengthOf(value) == 0 ? PyUndefined.Because("No random item, sequence was empty.")
            : throw new JinjaException(JinjaErrorKind.Security, "The filter random would make the text differ from run to run; it is refused."));
        Add("urlize", "trim_url_limit? nofollow? target? rel? extra_schemes?", LinkText.Apply);
        return filters;

        void AddFree(string name, Func<JinjaRun, object?, CallArguments, object?> filter) => filters[name] = filter;

        void Add(string name, string parameters, Filter filter)
        {
            PySignature signature = new("do_" + name, parameters);
            filters[name] = (run, value, arguments) => filter(run, value, signature.Bind(arguments));
        }
    }

    private static object? Attribute(JinjaRun run, object? value, string name) =>
        JinjaAccess.TryAttribute(run, value, name, out object? found) ? found : PyUndefined.Missing(value, name);
}
