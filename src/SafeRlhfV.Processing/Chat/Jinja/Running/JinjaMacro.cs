namespace SafeRlhfV.Processing;

/// <summary>What a macro, a call block or a generation block holds: parameters with their defaults, a body, and which of caller, kwargs and varargs the body
/// names.</summary>
internal sealed record MacroBody(IReadOnlyList<string> Parameters, IReadOnlyList<JinjaExpression> Defaults, BodyStatement Body, bool UsesCaller,
    bool UsesKwargs, bool UsesVarargs);

/// <summary>A macro at run time: its body and the scope in which it was written.</summary>
internal sealed class JinjaMacro(string? name, MacroBody definition, JinjaScope scope)
{
    public string? Name { get; } = name;

    public object? Call(JinjaRun run, CallArguments arguments)
    {
        JinjaScope inner = Bind(run, arguments);
        run.Budget.Enter();
        try
        {
            return run.Finished(run.Capture(() => definition.Body.Execute(run, inner), out _));
        }
        finally
        {
            run.Budget.Leave();
        }
    }

    public bool TryGet(string attribute, out object? value)
    {
        value = attribute switch
        {
            "name" => Name,
            "arguments" => new PyTuple([.. definition.Parameters]),
            "catch_kwargs" => definition.UsesKwargs,
            "catch_varargs" => definition.UsesVarargs,
            "caller" => definition.UsesCaller,
            "explicit_caller" => definition.Parameters.Contains("caller"),
            _ => PySignature.Absent,
        };
        return !ReferenceEquals(value, PySignature.Absent);
    }

    private JinjaScope Bind(JinjaRun run, CallArguments arguments)
    {
        IReadOnlyList<string> parameters = definition.Parameters;
        JinjaScope inner = new(scope);
        PyDict named = arguments.Named.Copy();
        bool foundCaller = arguments.Positional.Count >= parameters.Count && parameters.Contains("caller");
        List<int> defaults = [];
        for (int at = 0; at < parameters.Count; at++)
        {
            if (at < arguments.Positional.Count) inner.Set(parameters[at], arguments.Positional[at]);
            else if (named.TryGet(parameters[at], out object? value))
            {
                inner.Set(parameters[at], value);
                named.Remove(parameters[at]);
                foundCaller |= parameters[at] == "caller";
            }
            else
            {
                defaults.Add(at);
                foundCaller |= parameters[at] == "caller";
            }
        }
        if (definition.UsesCaller && !foundCaller)
        {
            inner.Set("caller", named.TryGet("caller", out object? caller) && caller is not null ? caller : PyUndefined.Because("No caller defined"));
            named.Remove("caller");
        }
        if (definition.UsesKwargs) inner.Set("kwargs", named);
        else if (named.Count > 0)
        {
            throw JinjaException.Type(named.TryGet("caller", out _)
                ? $"macro {PyText.Repr(Name)} was invoked with two values for the special caller argument. This is most likely a bug."
                : $"macro {PyText.Repr(Name)} takes no keyword argument {PyText.Repr(named.Keys.First())}");
        }
        if (definition.UsesVarargs) inner.Set("varargs", new PyTuple([.. arguments.Positional.Skip(parameters.Count)]));
        else if (arguments.Positional.Count > parameters.Count)
            throw JinjaException.Type($"macro {PyText.Repr(Name)} takes not more than {parameters.Count} argument(s)");
        foreach (int at in defaults)
        {
            int place = at - (parameters.Count - definition.Defaults.Count);
            inner.Set(parameters[at], place >= 0 ? definition.Defaults[place].Value(run, inner)
                : PyUndefined.Because($"parameter {PyText.Repr(parameters[at])} was not provided"));
        }
        return inner;
    }
}

/// <summary>A template's `self`: its blocks as functions.</summary>
internal sealed class JinjaSelf
{
    public static bool TryGet(JinjaRun run, string name, out object? value)
    {
        value = run.Blocks.TryGetValue(name, out BlockStatement? block)
            ? new PyCallable(name, (_, _) => run.Finished(run.Capture(() => block.Render(run), out _)), "BlockReference") : null;
        return value is not null;
    }
}
