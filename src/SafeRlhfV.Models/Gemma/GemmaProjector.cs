using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Patches are averaged to fewer tokens, normed, and multiplied into the language model's space.</summary>
public sealed class GemmaProjector : AdaptedLayer
{
    private const string Matrix = "mm_input_projection_weight";
    private readonly GemmaConfig config;
    private readonly RmsNormLayer norm;
    private readonly Parameter weight_VH;

    /// <summary>Takes mm_input_projection_weight, which is stored as it is multiplied, [vision hidden, H], and mm_soft_emb_norm.</summary>
    public GemmaProjector(ParameterScope scope, GemmaConfig config) : base(nameof(GemmaProjector))
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        // transformers draws zeros, which would hide every image from a new model
        weight_VH = scope.Take(Matrix, ParameterKind.Token, config.Vision.HiddenSize, config.Text.HiddenSize);
        norm = new(scope.At("mm_soft_emb_norm"), config.Vision.HiddenSize, config.Vision.LayerNormEpsilon, aroundOne: true);
        register_parameter(Matrix, weight_VH);
        register_module("mm_soft_emb_norm", norm);
    }

    /// <summary>[rows, patches, vision hidden] → [rows, tokens, H].</summary>
    public Tensor Forward(Tensor features_RPV)
    {
        using DisposeScope scope = NewDisposeScope();
        (long rows, long grid, long side, long pool) = (features_RPV.shape[0], config.Vision.GridSize, config.PooledSide, config.PoolSize);
        Tensor patches = features_RPV.view(rows, grid, grid, -1).narrow(1, 0, side * pool).narrow(2, 0, side * pool);
        Tensor pooled_RTV = patches.reshape(rows, side, pool, side, pool, -1).mean([2, 4]).view(rows, side * side, -1);
        return norm.Forward(pooled_RTV).matmul(Current(Matrix, weight_VH)).MoveToOuterDisposeScope();
    }

    internal override IEnumerable<(string Name, Parameter Value)> Own => [(Matrix, weight_VH)];
}
