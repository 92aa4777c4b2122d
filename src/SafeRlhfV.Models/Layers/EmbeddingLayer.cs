using SafeRlhfV.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>A table of vectors. The adapter in use may add a low-rank product, replace some rows, or replace the table.</summary>
public sealed class EmbeddingLayer : AdaptedLayer
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
    public Tensor Forward(Tensor ids)
    {
        Tensor flat_N = ids.reshape(-1), y_NH = Current("weight", weight).index_select(0, flat_N);
        if (Active is { } adapter)
        {
            if (adapter.EmbeddingAt(this) is { } pair) y_NH = y_NH.Plus(pair.Of(flat_N).to(y_NH.dtype));
            if (adapter.RowsAt(this) is { } rows) y_NH = rows.PutRows(y_NH, flat_N);
        }
        return y_NH.view([.. ids.shape, weight.shape[1]]);
    }

    internal override IEnumerable<(string Name, Parameter Value)> Own => [("weight", weight)];
}
