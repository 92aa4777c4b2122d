namespace SafeRlhfV.Processing;

/// <summary>A part of a template that has a value.</summary>
internal abstract class JinjaExpression
{
    /// <summary>The value in a scope; each one is a step of the budget.</summary>
    public object? Value(JinjaRun run, JinjaScope scope)
    {
        run.Budget.Step();
        JinjaBudget.CheckStack();
        return Evaluate(run, scope);
    }

    protected abstract object? Evaluate(JinjaRun run, JinjaScope scope);
}

internal sealed class ConstantExpression(object? value) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope) => value;
}

/// <summary>A text of the template that may be written as it stands.</summary>
internal sealed class OwnTextExpression(string text) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope) => run.Marks?.Around(text) ?? text;
}

internal sealed class NameExpression(string name) : JinjaExpression
{
    public string Name { get; } = name;

    protected override object? Evaluate(JinjaRun run, JinjaScope scope) => scope.Get(Name);
}

internal sealed class ListExpression(IReadOnlyList<JinjaExpression> items, bool isTuple) : JinjaExpression
{
    public IReadOnlyList<JinjaExpression> Items { get; } = items;

    public bool IsTuple { get; } = isTuple;

    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object?[] values = [.. Items.Select(item => item.Value(run, scope))];
        return IsTuple ? new PyTuple(values) : new PyList(values);
    }
}

internal sealed class DictExpression(IReadOnlyList<(JinjaExpression Key, JinjaExpression Item)> entries) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        PyDict dict = new();
        foreach ((JinjaExpression key, JinjaExpression item) in entries) dict[run.Plain(key.Value(run, scope))] = item.Value(run, scope);
        return dict;
    }
}

internal sealed class BinaryExpression(string sign, JinjaExpression left, JinjaExpression right) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object? first = left.Value(run, scope);
        if (sign == "and") return PyOperators.IsTrue(first) ? right.Value(run, scope) : first;
        if (sign == "or") return PyOperators.IsTrue(first) ? first : right.Value(run, scope);
        return PyOperators.Binary(run, sign, first, right.Value(run, scope));
    }
}

/// <summary>`~`: texts joined as they print.</summary>
internal sealed class ConcatExpression(IReadOnlyList<JinjaExpression> parts) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object?[] values = [.. parts.Select(part => part.Value(run, scope))];
        if (run.AutoEscape && values.Any(value =>
            value is PyMarkup)) return new PyMarkup(run.Built(string.Concat(values.Select(value => PyMarkup.Escape(value).Text))));
        string[] texts = [.. values.Select(PyText.Of)];
        run.Budget.Text(texts.Sum(text => (long)text.Length));
        return string.Concat(texts);
    }
}

internal sealed class UnaryExpression(string sign, JinjaExpression operand) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object? value = operand.Value(run, scope);
        return sign switch { "not" => !PyOperators.IsTrue(value), "-" => PyOperators.Negative(value), _ => PyOperators.Positive(value) };
    }
}

/// <summary>A chain of comparisons: each pair must hold.</summary>
internal sealed class CompareExpression(JinjaExpression first, IReadOnlyList<(string Sign, JinjaExpression Operand)> rest) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object? left = run.Plain(first.Value(run, scope));
        foreach ((string sign, JinjaExpression operand) in rest)
        {
            object? right = run.Plain(operand.Value(run, scope));
            bool holds = sign switch
            {
                "==" => PyOperators.AreEqual(left, right),
                "!=" => !PyOperators.AreEqual(left, right),
                "in" => PyOperators.Contains(run, right, left),
                "not in" => !PyOperators.Contains(run, right, left),
                _ => PyOperators.IsOrdered(sign, left, right),
            };
            if (!holds) return false;
            left = right;
        }
        return true;
    }
}

/// <summary>`a if b else c`; without else it is undefined.</summary>
internal sealed class ConditionalExpression(JinjaExpression condition, JinjaExpression then, JinjaExpression? otherwise, int line) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        if (PyOperators.IsTrue(condition.Value(run, scope))) return then.Value(run, scope);
        return otherwise is not null ? otherwise.Value(run, scope)
            : PyUndefined.Because($"the inline if-expression on line {line} evaluated to false and no else section was defined.");
    }
}

internal sealed class AttributeExpression(JinjaExpression owner, string name) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope) => JinjaAccess.Attribute(run, owner.Value(run, scope), name);
}

internal sealed class ItemExpression(JinjaExpression owner, JinjaExpression key) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object? value = owner.Value(run, scope);
        return JinjaAccess.Item(run, value, run.Plain(key.Value(run, scope)));
    }
}

internal sealed class SliceExpression(JinjaExpression owner, JinjaExpression? start, JinjaExpression? stop, JinjaExpression? step) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope) =>
        JinjaAccess.Slice(run, owner.Value(run, scope), start?.Value(run, scope), stop?.Value(run, scope), step?.Value(run, scope));
}

/// <summary>The arguments as they are written in a call.</summary>
internal sealed record ArgumentList(IReadOnlyList<JinjaExpression> Positional, IReadOnlyList<(string Name, JinjaExpression Item)> Named,
    JinjaExpression? More, JinjaExpression? MoreNamed)
{
    public static readonly ArgumentList Empty = new([], [], null, null);

    public CallArguments Value(JinjaRun run, JinjaScope scope, object? caller = null)
    {
        List<object?> positional = [.. Positional.Select(item => item.Value(run, scope))];
        if (Named.Count == 0 && More is null && MoreNamed is null && caller is null) return new CallArguments(positional);
        PyDict named = new();
        foreach ((string name, JinjaExpression item) in Named) named[name] = item.Value(run, scope);
        if (caller is not null) named["caller"] = caller;
        if (More is not null) positional.AddRange(run.Iterate(More.Value(run, scope)));
        if (MoreNamed is not null)
        {
            if (MoreNamed.Value(run, scope) is not PyDict more) throw JinjaException.Type("argument after ** must be a mapping");
            foreach ((object? key, object? value) in more.Entries)
            {
                if (key is not string) throw JinjaException.Type("keywords must be strings");
                if (named.TryGet(key, out _)) throw JinjaException.Type($"got multiple values for keyword argument {PyText.Repr(key)}");
                named[key] = value;
            }
        }
        return new CallArguments(positional, named);
    }
}

internal sealed class CallExpression(JinjaExpression callee, ArgumentList arguments) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope) => Call(run, scope, null);

    /// <summary>The call with the body of a call block as its caller.</summary>
    public object? Call(JinjaRun run, JinjaScope scope, object? caller)
    {
        object? function = callee.Value(run, scope);
        CallArguments given = arguments.Value(run, scope, caller);
        // what macros, namespaces and dictionaries are given may be written later on
        return run.Call(function, function is PyCallable and not { TypeName: "type" } ? given.Plain(run) : given);
    }
}

/// <summary>A filter over a value; without an operand it takes the text of its block.</summary>
internal sealed class FilterExpression(JinjaExpression? operand, string name, ArgumentList arguments) : JinjaExpression
{
    public object? Apply(JinjaRun run, JinjaScope scope, object? block)
    {
        object? value = operand switch { null => block, FilterExpression inner => inner.Apply(run, scope, block), _ => operand.Value(run, scope) };
        run.Budget.Step();
        CallArguments given = arguments.Value(run, scope);
        return JinjaFilters.Apply(run, name, value, name is "default" or "d" or "join" ? given : given.Plain(run));
    }

    protected override object? Evaluate(JinjaRun run, JinjaScope scope) => Apply(run, scope, null);
}

internal sealed class TestExpression(JinjaExpression operand, string name, ArgumentList arguments) : JinjaExpression
{
    protected override object? Evaluate(JinjaRun run, JinjaScope scope)
    {
        object? value = run.Plain(operand.Value(run, scope));
        return JinjaTests.Apply(run, name, value, arguments.Value(run, scope).Plain(run));
    }
}
