using SafeRlhfV.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Several projections of the same input whose matrices lie side by side in one block of memory: one matrix product serves all of them (and one each their
/// gradients), while each stays a parameter of its own for training and saving.
/// </summary>
internal sealed class PackedProjection : IDisposable
{
    private readonly LinearLayer[] layers;
    private readonly Parameter[] views;
    private readonly Tensor weight;

    private PackedProjection(LinearLayer[] layers)
    {
        this.layers = layers;
        using IDisposable noGrad = no_grad();
        weight = cat([.. layers.Select(layer => layer.Weight)], 0).DetachFromDisposeScope();
        views = new Parameter[layers.Length];
        long at = 0;
        for (int i = 0; i < layers.Length; i++)
        {
            views[i] = layers[i].Weight;
            using Tensor place = weight.narrow(0, at, layers[i].OutputSize);
            views[i].set_(place);
            at += layers[i].OutputSize;
        }
    }

    /// <summary>Packs the layers if the source wants it, none has a bias, and all were found.</summary>
    public static PackedProjection? TryPack(ParameterSource source, params LinearLayer[] layers) =>
        source.PackProjections && layers.All(layer => layer.Bias is null && layer.Weight.numel() == (long)layer.InputSize * layer.OutputSize)
            ? new PackedProjection(layers) : null;

    /// <summary>
    /// The joint product [..., sum of outputs]; null where the layers must be run apart: gradients are wanted of other types than float32 on the CPU, an
    /// adapter is active and not merged, or the weights were moved.
    /// </summary>
    public Tensor? TryForward(Tensor x)
    {
        bool training = is_grad_enabled();
        if (training && !TorchLibrary.HasPlainFloats(weight)) return null;
        int adapted = 0;
        for (int i = 0; i < layers.Length; i++)
        {
            if (!ReferenceEquals(layers[i].Weight, views[i])) return null;
            if (layers[i].IsAdapted) adapted++;
        }
        if (adapted == 0) return HalfLinear.Run(x, training ? JoinedWeights.Run(weight, views) : weight);
        if (training) return null;
        bool addsBias = layers.Any(layer => layer.ActivePair?.Bias is not null);
        return !addsBias && AdapterFrame.Merged(layers.First(layer => layer.IsAdapted).Adapters!) is { } merged
            ? HalfLinear.Run(x, merged.Of(this, Merge)) : null;
    }

    public void Dispose() => weight.Dispose();

    private Tensor Merge() => cat([.. layers.Select(layer => layer.MergedWeight)], 0);
}
