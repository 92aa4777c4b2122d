using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Joins squares of patches to one vector each (pixel shuffle), norms them, and projects them as LLaVA's projector does.</summary>
internal sealed class InternVlProjector : LlavaProjector
{
    // PyTorch's default, not layer_norm_eps
    private const double Epsilon = 1e-5;

    private readonly LayerNormLayer norm;
    private readonly int block;

    /// <summary>Takes linear_1, linear_2 and layer_norm.</summary>
    public InternVlProjector(ParameterScope scope, InternVlConfig config)
        : base(scope, Inputs(config), config.Text.HiddenSize, config.ProjectorActivation, config.ProjectorBias)
    {
        block = config.BlockSize;
        norm = new(scope.At("layer_norm"), Inputs(config), Epsilon);
        register_module("layer_norm", norm);
    }

    /// <summary>[rows, patches, vision hidden] → [rows, patches / block², H].</summary>
    public override Tensor Forward(Tensor x) => base.Forward(norm.Forward(Shuffle(x)));

    /// <summary>
    /// [rows, g * g, V] → [rows, (g / block)², block² V]: the patches of a square one behind another, row by row; the squares row by row, too.
    /// </summary>
    internal Tensor Shuffle(Tensor x_RPV)
    {
        (long rows, long patches, long width) = (x_RPV.shape[0], x_RPV.shape[1], x_RPV.shape[2]);
        long grid = (long)Math.Round(Math.Sqrt(patches)), cells = grid / block;
        if (grid * grid != patches || cells * block != grid)
            throw new ArgumentException($"{patches} patches form no square of whole {block} x {block} blocks.", nameof(x_RPV));
        return x_RPV.view(rows, cells, block, cells, block, width).transpose(2, 3).reshape(rows, cells * cells, block * block * width);
    }

    private static int Inputs(InternVlConfig config) => config.Vision.HiddenSize * config.BlockSize * config.BlockSize;
}
