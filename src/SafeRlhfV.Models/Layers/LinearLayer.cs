using SafeRlhfV.Objectives;
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
        if (ActivePair is not { } pair) return nn.functional.linear(x, weight, bias);
        if (AdapterFrame.Merged(Adapters!) is { } merged) return nn.functional.linear(x, merged.Of(this, Merge), bias);
        Tensor flat_NI = x.reshape(-1, InputSize), y_NO = nn.functional.linear(flat_NI, weight, bias);
        pair.AddTo(y_NO, flat_NI, AdapterFrame.Dropout(Adapters!));
        return y_NO.view([.. x.shape[..^1], OutputSize]);
    }

    private Tensor Merge() => weight.Plus(ActivePair!.Change());

    /// <summary>The adapters that know this layer; null while there are none.</summary>
    internal AdapterSet? Adapters { get; set; }

    /// <summary>The matrices of the adapter in use; null where none is, or it leaves this layer alone.</summary>
    internal LoraPair? ActivePair => Adapters is null ? null : AdapterFrame.Active(Adapters)?.PairAt(this);
}
