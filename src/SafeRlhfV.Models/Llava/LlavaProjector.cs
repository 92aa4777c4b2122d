using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Two linear layers with an activation between them: tower features → the language model's space.</summary>
public class LlavaProjector : NamedModule
{
    private readonly LinearLayer first, second;
    private readonly Func<Tensor, Tensor> activation;

    /// <summary>Takes linear_1 and linear_2.</summary>
    /// <param name="scope">Where the parameters come from.</param>
    /// <param name="inputs">Numbers of one feature of the tower.</param>
    /// <param name="outputs">Hidden size of the language model.</param>
    /// <param name="activation">Activation between the layers, by its name in config.json.</param>
    /// <param name="bias">The layers have biases.</param>
    public LlavaProjector(ParameterScope scope, int inputs, int outputs, string activation, bool bias) : base(nameof(LlavaProjector))
    {
        this.activation = Activations.Find(activation);
        first = new(scope.At("linear_1"), inputs, outputs, bias);
        second = new(scope.At("linear_2"), outputs, outputs, bias);
        register_module("linear_1", first);
        register_module("linear_2", second);
    }

    /// <summary>[..., vision hidden] → [..., H].</summary>
    public virtual Tensor Forward(Tensor x) => second.Forward(activation(first.Forward(x)));
}
