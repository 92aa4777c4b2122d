using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Activation functions by the names that config.json uses.</summary>
public static class Activations
{
    /// <summary>The function of that name.</summary>
    /// <exception cref="InvalidInputException">The name is not known.</exception>
    public static Func<Tensor, Tensor> Find(string name) => name switch
    {
        "silu" or "swish" => x => x.silu(),
        "gelu" => x => nn.functional.gelu(x),
        "quick_gelu" => QuickGelu,
        "gelu_pytorch_tanh" or "gelu_new" or "gelu_tanh" => x => x.gelu(TorchSharp.Modules.GELU.Approximate.tanh),
        "relu" => x => nn.functional.relu(x),
        _ => throw new InvalidInputException($"config.json asks for the activation '{name}', which is not built in."),
    };

    /// <summary>Whether a name means x · sigmoid(x).</summary>
    public static bool IsSilu(string name) => name is "silu" or "swish";

    private static Tensor QuickGelu(Tensor x) => x * x.Times(1.702).sigmoid_();
}
