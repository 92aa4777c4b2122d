using SafeRlhfV.Objectives;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>x / sqrt(mean(x²) + epsilon) × weight over the last dimension; in float32 whatever the input's type (as the Llama reference does).</summary>
public sealed class RmsNormLayer : AdaptedLayer
{
    private readonly Parameter weight;
    private readonly double epsilon;

    /// <summary>Takes `weight` [size].</summary>
    public RmsNormLayer(ParameterScope scope, int size, double epsilon) : base(nameof(RmsNormLayer))
    {
        this.epsilon = epsilon;
        weight = scope.Take("weight", ParameterKind.NormWeight, size);
        register_parameter("weight", weight);
    }

    /// <summary>The scale, [size].</summary>
    public Parameter Weight => weight;

    /// <summary>[..., size] → [..., size].</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor scale = Current("weight", weight);
        if (x.dtype == ScalarType.Float32) return (x * InverseRoot(x)).mul(scale);
        Tensor wide = x.to(ScalarType.Float32);
        return (wide * InverseRoot(wide)).to(x.dtype).mul(scale);
    }

    internal override IEnumerable<(string Name, Parameter Value)> Own => [("weight", weight)];

    // in place on fresh tensors only: neither mean nor rsqrt needs its input for the backward pass
    private Tensor InverseRoot(Tensor x) => x.Squared().mean([-1], keepdim: true).Plus_(epsilon).rsqrt_();
}
