using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Copies of weights with an adapter's change added, made when first asked for.</summary>
internal sealed class MergedWeights : IDisposable
{
    private readonly Dictionary<object, Tensor> weights = new(ReferenceEqualityComparer.Instance);

    /// <summary>The weight that belongs to a layer.</summary>
    public Tensor Of(object layer, Func<Tensor> merge)
    {
        if (weights.TryGetValue(layer, out Tensor? weight)) return weight;
        using DisposeScope scope = NewDisposeScope();
        weights.Add(layer, weight = merge().DetachFromDisposeScope());
        return weight;
    }

    public void Dispose()
    {
        foreach (Tensor weight in weights.Values) weight.Dispose();
    }
}
