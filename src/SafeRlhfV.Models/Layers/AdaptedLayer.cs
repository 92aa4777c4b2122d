using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A layer that an adapter may change: the one in use on this thread may have other tensors in place of its parameters, or add to what it
/// computes.</summary>
public abstract class AdaptedLayer : NamedModule
{
    /// <summary>Names the kind of module.</summary>
    protected AdaptedLayer(string kind) : base(kind) { }

    /// <summary>The adapters that know this layer; null while there are none.</summary>
    internal AdapterSet? Adapters { get; set; }

    /// <summary>Its own parameters under their names: weight, bias.</summary>
    internal abstract IEnumerable<(string Name, Parameter Value)> Own { get; }

    /// <summary>The adapter in use; null = the bare model.</summary>
    internal LoraAdapter? Active => Adapters is null ? null : AdapterFrame.Active(Adapters);

    /// <summary>A parameter, or the tensor that the adapter in use has in its place.</summary>
    private protected Tensor Current(string name, Parameter own) => Active?.Replacement(this, name) ?? own;
}
