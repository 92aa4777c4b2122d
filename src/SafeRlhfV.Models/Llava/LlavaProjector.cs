using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Two linear layers with an activation between them: tower features → the language model's space.</summary>
public sealed class LlavaProjector : NamedModule
{
    private readonly LinearLayer first, second;
    private readonly Func<Tensor, Tensor> activation;

    /// <summary>Takes linear_1 and linear_2.</summary>
    public LlavaProjector(ParameterScope scope, LlavaConfig config) : base(nameof(LlavaProjector))
    {
        activation = Activations.Find(config.ProjectorActivation);
        first = new(scope.At("linear_1"), config.Vision.HiddenSize * config.FeatureStates.Count, config.Text.HiddenSize, config.ProjectorBias);
        second = new(scope.At("linear_2"), config.Text.HiddenSize, config.Text.HiddenSize, config.ProjectorBias);
        register_module("linear_1", first);
        register_module("linear_2", second);
    }

    /// <summary>[..., vision hidden] → [..., H].</summary>
    public Tensor Forward(Tensor x) => second.Forward(activation(first.Forward(x)));
}
