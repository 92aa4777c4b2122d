using System.Numerics;

namespace SafeRlhfV.Processing;

/// <summary>The functions that every chat template can call.</summary>
internal static class JinjaGlobals
{
    private const int MaxRange = 100_000;

    private static readonly PySignature RaiseSignature = new("raise_exception", "message"), TimeSignature = new("strftime_now", "format"),
        JoinerSignature = new("joiner", "sep?");

    /// <summary>The scope that holds them.</summary>
    public static JinjaScope Scope { get; } = Create();

    private static JinjaScope Create()
    {
        JinjaScope scope = new();
        Add("range", Range);
        Add("dict", Dict, "type");
        Add("namespace", Namespace, "type");
        Add("cycler", (_, given) => given.Named.Count > 0 ? throw JinjaException.Type("cycler() takes no keyword arguments")
            : given.Positional.Count == 0 ? throw JinjaException.Type("at least one item has to be provided") : new PyCycler(given.Positional), "type");
        Add("joiner", Joiner, "type");
        Add("lipsum", (_, _) => throw new JinjaException(JinjaErrorKind.Security, "lipsum would make the text differ from run to run; it is refused."));
        Add("raise_exception", (_, given) => throw new JinjaException(JinjaErrorKind.RaiseException, PyText.Of(RaiseSignature.Bind(given)[0])));
        Add("strftime_now", (run, given) =>
        {
            object? format = TimeSignature.Bind(given)[0];
            return TimeText.Format(run,
                PyTypes.TextOf(format) ?? throw JinjaException.Type($"strftime() argument 1 must be str, not {PyTypes.NameOf(format)}"));
        });
        scope.Set("self", new JinjaSelf());
        return scope;

        void Add(string name, Func<JinjaRun, CallArguments, object?> call, string type = "function") => scope.Set(name, new PyCallable(name, call, type));
    }

    private static object? Range(JinjaRun run, CallArguments given)
    {
        if (given.Named.Count > 0) throw JinjaException.Type($"safe_range() got an unexpected keyword argument {PyText.Repr(given.Named.Keys.First())}");
        if (given.Positional.Count == 0) throw JinjaException.Type("range expected at least 1 argument, got 0");
        if (given.Positional.Count > 3) throw JinjaException.Type($"range expected at most 3 arguments, got {given.Positional.Count}");
        BigInteger[] bounds = [.. given.Positional.Select(value => PyNumbers.IsInteger(value, out BigInteger bound) ? bound
            : throw JinjaException.Type($"'{PyTypes.NameOf(value)}' object cannot be interpreted as an integer"))];
        PyRange range = bounds.Length == 1 ? new PyRange(0, bounds[0], 1) : new PyRange(bounds[0], bounds[1], bounds.Length == 3 ? bounds[2] : 1);
        if (range.Step.IsZero) throw JinjaException.Type("range() arg 3 must not be zero");
        return range.Count <= MaxRange ? range : throw JinjaException.Limit($"Range too big. The sandbox blocks ranges larger than MAX_RANGE ({MaxRange}).");
    }

    private static object? Dict(JinjaRun run, CallArguments given)
    {
        if (given.Positional.Count > 1) throw JinjaException.Type($"dict expected at most 1 argument, got {given.Positional.Count}");
        return Fill(run, given);
    }

    private static PyDict Fill(JinjaRun run, CallArguments given)
    {
        PyDict dict = new();
        if (given.Positional.Count == 1)
        {
            if (given.Positional[0] is PyDict from)
            {
                foreach ((object? key, object? value) in from.Entries) dict[key] = value;
            }
            else
            {
                foreach (object? pair in run.Iterate(given.Positional[0]))
                {
                    IReadOnlyList<object?> items = run.List(run.Iterate(pair)).Items;
                    if (items.Count != 2) throw JinjaException.Type($"dictionary update sequence element has length {items.Count}; 2 is required");
                    dict[items[0]] = items[1];
                }
            }
        }
        foreach ((object? key, object? value) in given.Named.Entries) dict[key] = value;
        return dict;
    }

    private static object? Namespace(JinjaRun run, CallArguments given)
    {
        if (given.Positional.Count > 1) throw JinjaException.Type($"dict expected at most 1 argument, got {given.Positional.Count}");
        PyNamespace space = new();
        foreach ((object? key, object? value) in Fill(run, given).Entries)
        {
            if (key is string name) space.Set(name, value);
            else space.Attributes[key] = value;
        }
        return space;
    }

    private static object? Joiner(JinjaRun run, CallArguments given)
    {
        object? separator = JoinerSignature.Bind(given)[0];
        bool used = false;
        return new PyCallable("joiner", (_, _) =>
        {
            if (used) return ReferenceEquals(separator, PySignature.Absent) ? ", " : separator;
            used = true;
            return "";
        }, "Joiner");
    }
}
