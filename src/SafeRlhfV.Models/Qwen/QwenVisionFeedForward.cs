using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Feed-forward part of a Qwen tower: two layers, or gated (Qwen2.5).</summary>
internal sealed class QwenVisionFeedForward : NamedModule
{
    private readonly LinearLayer first, last;
    private readonly LinearLayer? up;
    private readonly Func<Tensor, Tensor> activation;

    public QwenVisionFeedForward(ParameterScope scope, QwenVisionConfig config) : base(nameof(QwenVisionFeedForward))
    {
        activation = Activations.Find(config.Activation);
        (string firstName, string lastName) = config.Generation switch
        {
            QwenGeneration.Qwen2 => ("fc1", "fc2"),
            QwenGeneration.Qwen25 => ("gate_proj", "down_proj"),
            _ => ("linear_fc1", "linear_fc2"),
        };
        first = new(scope.At(firstName), config.HiddenSize, config.IntermediateSize, true);
        register_module(firstName, first);
        if (config.Generation == QwenGeneration.Qwen25)
        {
            up = new(scope.At("up_proj"), config.HiddenSize, config.IntermediateSize, true);
            register_module("up_proj", up);
        }
        last = new(scope.At(lastName), config.IntermediateSize, config.HiddenSize, true);
        register_module(lastName, last);
    }

    /// <summary>[..., width] → the same.</summary>
    public Tensor Forward(Tensor x)
    {
        Tensor inner = activation(first.Forward(x));
        return last.Forward(up is null ? inner : inner.mul(up.Forward(x)));
    }
}
