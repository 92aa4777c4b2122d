using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A table of vectors.</summary>
public sealed class EmbeddingLayer : NamedModule
{
    private readonly Parameter weight;

    /// <summary>Takes `weight` [count, size].</summary>
    public EmbeddingLayer(ParameterScope scope, int count, int size) : base(nameof(EmbeddingLayer))
    {
        weight = scope.Take("weight", ParameterKind.Embedding, count, size);
        register_parameter("weight", weight);
    }

    /// <summary>The table, [count, size].</summary>
    public Parameter Weight => weight;

    /// <summary>Ids [...] → vectors [..., size].</summary>
    public Tensor Forward(Tensor ids) => weight.index_select(0, ids.reshape(-1)).view([.. ids.shape, weight.shape[1]]);
}
