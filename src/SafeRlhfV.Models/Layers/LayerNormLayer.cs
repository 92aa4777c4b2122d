using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Layer normalisation over the last dimension, with scale and shift.</summary>
public sealed class LayerNormLayer : AdaptedLayer
{
    private readonly Parameter weight, bias;
    private readonly long[] shape;
    private readonly double epsilon;

    /// <summary>Takes `weight` and `bias` [size].</summary>
    public LayerNormLayer(ParameterScope scope, int size, double epsilon) : base(nameof(LayerNormLayer))
    {
        (shape, this.epsilon) = ([size], epsilon);
        weight = scope.Take("weight", ParameterKind.NormWeight, size);
        bias = scope.Take("bias", ParameterKind.NormBias, size);
        register_parameter("weight", weight);
        register_parameter("bias", bias);
    }

    /// <summary>[..., size] → [..., size].</summary>
    public Tensor Forward(Tensor x) => nn.functional.layer_norm(x, shape, Current("weight", weight), Current("bias", bias), epsilon);

    internal override IEnumerable<(string Name, Parameter Value)> Own => [("weight", weight), ("bias", bias)];
}
