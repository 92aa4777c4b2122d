using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// x / sqrt(mean(x²) + epsilon) × weight over the last dimension; in float32 whatever the input's type (as the Llama reference does). Around one (Gemma) the
/// factor is 1 + weight, and all of it is float32 until the result.
/// </summary>
public sealed class RmsNormLayer : AdaptedLayer
{
    private readonly Parameter weight;
    private readonly double epsilon;
    private readonly bool aroundOne;

    /// <summary>Takes `weight` [size].</summary>
    /// <param name="scope">Where the parameter comes from.</param>
    /// <param name="size">Numbers of a vector.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="aroundOne">The factor is 1 + weight.</param>
    public RmsNormLayer(ParameterScope scope, int size, double epsilon, bool aroundOne = false) : base(nameof(RmsNormLayer))
    {
        (this.epsilon, this.aroundOne) = (epsilon, aroundOne);
        weight = scope.Take("weight", aroundOne ? ParameterKind.NormBias : ParameterKind.NormWeight, size);
        register_parameter("weight", weight);
    }

    /// <summary>The scale, or what is added to 1 for it, [size].</summary>
    public Parameter Weight => weight;

    /// <summary>[..., size] → [..., size].</summary>
    public Tensor Forward(Tensor x) => RmsNorm.Run(x, Current("weight", weight), epsilon, aroundOne);

    internal override IEnumerable<(string Name, Parameter Value)> Own => [("weight", weight)];
}
