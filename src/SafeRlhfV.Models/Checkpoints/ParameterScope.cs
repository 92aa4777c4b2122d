using TorchSharp.Modules;

namespace SafeRlhfV.Models;

/// <summary>A <see cref="ParameterSource"/> with a prefix before every name.</summary>
public readonly record struct ParameterScope(ParameterSource Source, string Prefix)
{
    /// <summary>The scope below this one.</summary>
    public ParameterScope At(string name) => new(Source, Full(name));

    /// <summary>Takes a parameter of this scope.</summary>
    public Parameter Take(string name, ParameterKind kind, params long[] shape) => Source.Take(Full(name), kind, shape);

    private string Full(string name) => Prefix.Length == 0 ? name : $"{Prefix}.{name}";
}
