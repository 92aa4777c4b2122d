using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>x W^T + b. LoRA adapters hook in here: the active one adds its low-rank product.</summary>
public sealed class LinearLayer : NamedModule
{
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>Takes `weight` [out, in] and, if asked, `bias` [out].</summary>
    public LinearLayer(ParameterScope scope, int inputSize, int outputSize, bool withBias) : base(nameof(LinearLayer))
    {
        (InputSize, OutputSize) = (inputSize, outputSize);
        weight = scope.Take("weight", ParameterKind.LinearWeight, outputSize, inputSize);
        register_parameter("weight", weight);
        if (!withBias) return;
        bias = scope.Take("bias", ParameterKind.LinearBias, outputSize);
        register_parameter("bias", bias);
    }

    /// <summary>Width of the input.</summary>
    public int InputSize { get; }

    /// <summary>Width of the output.</summary>
    public int OutputSize { get; }

    /// <summary>The matrix, [out, in].</summary>
    public Parameter Weight => weight;

    /// <summary>The bias, [out]; null if there is none.</summary>
    public Parameter? Bias => bias;

    /// <summary>[..., in] → [..., out].</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor y = nn.functional.linear(x, weight, bias);
        return ActivePair is { } pair ? pair.AddTo(y, x, training) : y;
    }

    /// <summary>The adapters that know this layer; null while there are none.</summary>
    internal AdapterSet? Adapters { get; set; }

    /// <summary>An adapter is in use here.</summary>
    internal bool IsAdapted => ActivePair is not null;

    private LoraPair? ActivePair => Adapters is null ? null : AdapterFrame.Active(Adapters)?.PairAt(this);
}
