namespace SafeRlhfV.Processing;

/// <summary>A function, method or type that a template can call.</summary>
internal sealed class PyCallable(string name, Func<JinjaRun, CallArguments, object?> call, string typeName = "function")
{
    public string Name { get; } = name;

    public string TypeName { get; } = typeName;

    public object? Call(JinjaRun run, CallArguments arguments) => call(run, arguments);
}

/// <summary>What a call is given.</summary>
internal sealed class CallArguments(IReadOnlyList<object?> positional, PyDict? named = null)
{
    public static readonly CallArguments None = new([]);

    public IReadOnlyList<object?> Positional { get; } = positional;

    public PyDict Named { get; } = named ?? new PyDict();

    /// <summary>The arguments without signs around the template's own texts.</summary>
    public CallArguments Plain(JinjaRun run)
    {
        if (run.Marks is null) return this;
        PyDict named = new();
        foreach ((object? name, object? value) in Named.Entries) named[name] = run.Plain(value);
        return new CallArguments([.. Positional.Select(run.Plain)], named);
    }

    /// <summary>The arguments without the first ones.</summary>
    public CallArguments Skip(int count) => new([.. Positional.Skip(count)], Named);
}

/// <summary>A function's parameters: their names, `?` after those that may be left out, `/` after those that take no name.</summary>
internal sealed class PySignature
{
    /// <summary>Stands for an argument that was left out.</summary>
    public static readonly object Absent = new();

    private readonly string function;
    private readonly (string Name, bool Optional)[] parameters;
    private readonly int positionalOnly;

    public PySignature(string function, string text)
    {
        this.function = function;
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        positionalOnly = Array.IndexOf(words, "/");
        parameters = [.. words.Where(word => word != "/").Select(word => (word.TrimEnd('?'), word.EndsWith('?')))];
    }

    public object?[] Bind(CallArguments arguments)
    {
        if (arguments.Positional.Count > parameters.Length)
            throw JinjaException.Type(parameters.Length == 0 ? $"{function}() takes no arguments ({arguments.Positional.Count} given)"
                : $"{function}() takes at most {parameters.Length} arguments ({arguments.Positional.Count} given)");
        object?[] values = new object?[parameters.Length];
        Array.Fill(values, Absent);
        for (int at = 0; at < arguments.Positional.Count; at++) values[at] = arguments.Positional[at];
        foreach ((object? key, object? value) in arguments.Named.Entries)
        {
            int at = Array.FindIndex(parameters, parameter => parameter.Name == key as string);
            if (at < positionalOnly || at < 0) throw JinjaException.Type($"{function}() got an unexpected keyword argument {PyText.Repr(key)}");
            if (!ReferenceEquals(values[at], Absent)) throw JinjaException.Type($"{function}() got multiple values for argument {PyText.Repr(key)}");
            values[at] = value;
        }
        for (int at = 0; at < values.Length; at++)
            if (ReferenceEquals(values[at], Absent)
                && !parameters[at].Optional) throw JinjaException.Type($"{function}() missing required argument '{parameters[at].Name}'");
        return values;
    }
}
