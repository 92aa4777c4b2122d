namespace SafeRlhfV.Processing;

/// <summary>A part of a template that writes or sets something.</summary>
internal abstract class JinjaStatement(int line)
{
    public JinjaFlow Execute(JinjaRun run, JinjaScope scope)
    {
        run.Budget.Step();
        JinjaBudget.CheckStack();
        try
        {
            return Run(run, scope);
        }
        catch (JinjaException error) when (error.Line == 0)
        {
            error.Line = line;
            throw;
        }
    }

    protected abstract JinjaFlow Run(JinjaRun run, JinjaScope scope);
}

/// <summary>Statements one after the other.</summary>
internal sealed class BodyStatement(IReadOnlyList<JinjaStatement> statements, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        foreach (JinjaStatement statement in statements)
        {
            JinjaFlow flow = statement.Execute(run, scope);
            if (flow != JinjaFlow.Next) return flow;
        }
        return JinjaFlow.Next;
    }
}

internal sealed class TextStatement(string text, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        run.Write(run.Marks?.Around(text) ?? text);
        return JinjaFlow.Next;
    }
}

internal sealed class PrintStatement(JinjaExpression expression, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        object? value = expression.Value(run, scope);
        run.Write(run.AutoEscape ? PyMarkup.Escape(value).Text : PyText.Of(value));
        return JinjaFlow.Next;
    }
}

internal sealed class IfStatement(IReadOnlyList<(JinjaExpression Condition, BodyStatement Body)> branches, BodyStatement? otherwise, int line)
    : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        foreach ((JinjaExpression condition, BodyStatement body) in branches)
            if (PyOperators.IsTrue(condition.Value(run, scope))) return body.Execute(run, scope);
        return otherwise?.Execute(run, scope) ?? JinjaFlow.Next;
    }
}

internal sealed class ForStatement(AssignmentTarget target, JinjaExpression items, JinjaExpression? filter, BodyStatement body, BodyStatement? otherwise,
    bool isRecursive, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        object? value = items.Value(run, scope);
        if (!isRecursive) return Loop(run, scope, value, 0);
        run.Write(Recurse(run, scope, value, 0));
        return JinjaFlow.Next;
    }

    private string Recurse(JinjaRun run, JinjaScope scope, object? value, int depth)
    {
        run.Budget.Enter();
        try
        {
            return run.Capture(() => Loop(run, scope, value, depth), out _);
        }
        finally
        {
            run.Budget.Leave();
        }
    }

    private JinjaFlow Loop(JinjaRun run, JinjaScope scope, object? value, int depth)
    {
        IEnumerable<object?> source = run.Iterate(value);
        JinjaLoop loop = new(filter is null ? value : null, filter is null ? source : source.Where(item => Passes(run, scope, item)), depth,
            isRecursive ? (nested, level) => Recurse(run, scope, nested, level) : null);
        bool reachedAnEnd = false;
        while (loop.MoveNext(out object? item))
        {
            JinjaScope inner = new(scope);
            target.Assign(run, inner, item);
            inner.Set("loop", loop);
            JinjaFlow flow = body.Execute(run, inner);
            if (flow == JinjaFlow.Break) break;
            reachedAnEnd |= flow == JinjaFlow.Next;
        }
        return reachedAnEnd || otherwise is null ? JinjaFlow.Next : otherwise.Execute(run, new JinjaScope(scope));
    }

    private bool Passes(JinjaRun run, JinjaScope scope, object? item)
    {
        JinjaScope inner = new(scope);
        target.Assign(run, inner, item);
        return PyOperators.IsTrue(filter!.Value(run, inner));
    }
}

/// <summary>break or continue.</summary>
internal sealed class FlowStatement(JinjaFlow flow, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope) => flow;
}

internal sealed class SetStatement(AssignmentTarget target, JinjaExpression expression, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        target.Check(scope);
        target.Assign(run, scope, expression.Value(run, scope));
        return JinjaFlow.Next;
    }
}

/// <summary>A set block: the text of its body, through a filter if there is one.</summary>
internal sealed class SetBlockStatement(AssignmentTarget target, FilterExpression? filter, BodyStatement body, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        JinjaScope inner = new(scope);
        object? text = run.Finished(run.Capture(() => body.Execute(run, inner), out JinjaFlow flow));
        if (flow != JinjaFlow.Next) return flow;
        target.Assign(run, scope, filter is null ? text : filter.Apply(run, inner, text));
        return JinjaFlow.Next;
    }
}

internal sealed class WithStatement(IReadOnlyList<(AssignmentTarget Target, JinjaExpression Item)> variables, BodyStatement body, int line)
    : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        JinjaScope inner = new(scope);
        foreach ((AssignmentTarget target, JinjaExpression item) in variables) target.Assign(run, inner, item.Value(run, scope));
        return body.Execute(run, inner);
    }
}

internal sealed class FilterBlockStatement(FilterExpression filter, BodyStatement body, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        JinjaScope inner = new(scope);
        string text = run.Capture(() => body.Execute(run, inner), out JinjaFlow flow);
        if (flow == JinjaFlow.Next) run.Write(PyText.Of(filter.Apply(run, inner, run.Finished(text))));
        return flow;
    }
}

internal sealed class MacroStatement(string name, MacroBody body, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        scope.Set(name, new JinjaMacro(name, body, scope));
        return JinjaFlow.Next;
    }
}

internal sealed class CallBlockStatement(CallExpression call, MacroBody body, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        object? value = call.Call(run, scope, new JinjaMacro(null, body, scope));
        run.Write(run.AutoEscape ? PyMarkup.Escape(value).Text : PyText.Of(value));
        return JinjaFlow.Next;
    }
}

/// <summary>
/// A generation block: what the model says. transformers measures where it begins by what the template has yielded at its top level, which is short of the
/// place inside a macro, a set or filter block; so is the span here.
/// </summary>
internal sealed class GenerationStatement(MacroBody body, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        string text = PyText.Of(new JinjaMacro(null, body, scope).Call(run, CallArguments.None));
        run.Spans.Add(new JinjaSpan(run.RootLength, run.RootLength + text.Length));
        run.Write(text);
        return JinjaFlow.Next;
    }
}

/// <summary>A named block. It sees the template's top level, and the bodies around it only if it is scoped.</summary>
internal sealed class BlockStatement(string name, bool isScoped, BodyStatement body, int line) : JinjaStatement(line)
{
    public string Name { get; } = name;

    public JinjaFlow Render(JinjaRun run)
    {
        run.Budget.Enter();
        try
        {
            return body.Execute(run, new JinjaScope(run.Top));
        }
        finally
        {
            run.Budget.Leave();
        }
    }

    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        if (!isScoped) return Render(run);
        body.Execute(run, new JinjaScope(scope));
        return JinjaFlow.Next;
    }
}

internal sealed class AutoEscapeStatement(JinjaExpression isOn, BodyStatement body, int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope)
    {
        bool outer = run.AutoEscape;
        run.AutoEscape = PyOperators.IsTrue(isOn.Value(run, scope));
        try
        {
            return body.Execute(run, new JinjaScope(scope));
        }
        finally
        {
            run.AutoEscape = outer;
        }
    }
}

/// <summary>include, import, extends: a chat template has no others beside it.</summary>
internal sealed class LoaderStatement(int line) : JinjaStatement(line)
{
    protected override JinjaFlow Run(JinjaRun run, JinjaScope scope) => throw JinjaException.Type("no loader for this environment specified");
}

/// <summary>Where a value goes: a name, an attribute of a namespace, or several of them.</summary>
internal sealed record AssignmentTarget(string? Name, string? Attribute, IReadOnlyList<AssignmentTarget>? Parts)
{
    /// <summary>Fails where an attribute would be set on what is no namespace; Jinja2 looks before it computes the value.</summary>
    public void Check(JinjaScope scope)
    {
        foreach (AssignmentTarget part in Parts ?? []) part.Check(scope);
        if (Attribute is not null && scope.Get(Name!) is not PyNamespace) throw JinjaException.Type("cannot assign attribute on non-namespace object");
    }

    public void Assign(JinjaRun run, JinjaScope scope, object? value)
    {
        if (Parts is not null)
        {
            Unpack(run, scope, value);
        }
        else if (Attribute is not null)
        {
            Check(scope);
            ((PyNamespace)scope.Get(Name!)!).Set(Attribute, value);
        }
        else
        {
            scope.Set(Name!, value);
        }
    }

    private void Unpack(JinjaRun run, JinjaScope scope, object? value)
    {
        List<object?> items = [];
        IEnumerable<object?> source;
        try
        {
            source = run.Iterate(value);
        }
        catch (JinjaException)
        {
            throw JinjaException.Type($"cannot unpack non-iterable {PyTypes.NameOf(value)} object");
        }
        foreach (object? item in source)
        {
            if (items.Count == Parts!.Count) throw JinjaException.Type($"too many values to unpack (expected {Parts.Count})");
            items.Add(item);
        }
        if (items.Count < Parts!.Count) throw JinjaException.Type($"not enough values to unpack (expected {Parts.Count}, got {items.Count})");
        for (int at = 0; at < items.Count; at++) Parts[at].Assign(run, scope, items[at]);
    }
}
