using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The norm of a Qwen tower: RMS in Qwen2.5, else a layer norm with shift; epsilon is 1e-6 in all of them.</summary>
internal readonly struct QwenVisionNorm
{
    private const double Epsilon = 1e-6;

    private readonly LayerNormLayer? layer;
    private readonly RmsNormLayer? root;

    public QwenVisionNorm(ParameterScope scope, int size, QwenGeneration generation)
    {
        if (generation == QwenGeneration.Qwen25) root = new(scope, size, Epsilon);
        else layer = new(scope, size, Epsilon);
    }

    /// <summary>The layer to register under the norm's name.</summary>
    public NamedModule Module => (NamedModule?)root ?? layer!;

    public Tensor Forward(Tensor x) => root is null ? layer!.Forward(x) : root.Forward(x);
}
