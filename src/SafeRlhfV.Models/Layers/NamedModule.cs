using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A module that registers its parts itself, under the names that checkpoints use, rather than under the names of its fields.</summary>
public abstract class NamedModule : nn.Module
{
    /// <summary>Names the kind of module.</summary>
    protected NamedModule(string kind) : base(kind) { }

    /// <summary>Does nothing: TorchSharp would register every field a second time.</summary>
    protected sealed override void RegisterComponents() { }
}
