namespace SafeRlhfV.Processing;

/// <summary>Variables of a body of the template; what is not here is looked for in the bodies around it.</summary>
internal sealed class JinjaScope(JinjaScope? parent = null)
{
    private readonly Dictionary<string, object?> variables = new(StringComparer.Ordinal);

    public void Set(string name, object? value) => variables[name] = value;

    public bool TryGet(string name, out object? value)
    {
        for (JinjaScope? scope = this; scope is not null; scope = scope.Parent)
            if (scope.variables.TryGetValue(name, out value)) return true;
        value = null;
        return false;
    }

    public object? Get(string name) => TryGet(name, out object? value) ? value : PyUndefined.Name(name);

    private JinjaScope? Parent { get; } = parent;
}
