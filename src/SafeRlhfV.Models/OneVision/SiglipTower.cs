using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// The SigLIP vision tower: patches with a bias, learnt positions, no class token and no norm before the blocks. It is run only as far as the asked features
/// need. The norm after the last block is part of the checkpoint; whether it is applied is up to the model.
/// </summary>
public sealed class SiglipTower : VisionTower
{
    private readonly VisionTowerConfig config;
    private readonly Parameter patchKernel, patchBias, positionEmbedding;
    private readonly LayerNormLayer postNorm;
    private readonly ClipBlock[] blocks;

    /// <summary>Takes embeddings, encoder.layers.N and post_layernorm.</summary>
    public SiglipTower(ParameterScope scope, VisionTowerConfig config) : base(nameof(SiglipTower))
    {
        ArgumentNullException.ThrowIfNull(config);
        this.config = config;
        ParameterScope embeddings = scope.At("embeddings");
        patchKernel = embeddings.Take("patch_embedding.weight", ParameterKind.ConvolutionWeight, config.HiddenSize, config.Channels, config.PatchSize,
            config.PatchSize);
        patchBias = embeddings.Take("patch_embedding.bias", ParameterKind.LinearBias, config.HiddenSize);
        positionEmbedding = embeddings.Take("position_embedding.weight", ParameterKind.Token, config.GridSize * config.GridSize, config.HiddenSize);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new ClipBlock(scope.At($"encoder.layers.{layer}"), config.HiddenSize,
            config.IntermediateSize, config.Heads, config.LayerNormEpsilon, config.Activation))];
        postNorm = new(scope.At("post_layernorm"), config.HiddenSize, config.LayerNormEpsilon);

        ModuleGroup patch = new("weight", patchKernel);
        patch.register_parameter("bias", patchBias);
        register_module("embeddings", new ModuleGroup(("patch_embedding", patch), ("position_embedding", new ModuleGroup("weight", positionEmbedding))));
        register_module("encoder", new ModuleGroup(("layers", new ModuleList<ClipBlock>(blocks))));
        register_module("post_layernorm", postNorm);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Forward(Tensor pixels_RCSS, IReadOnlyList<int> states)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = PatchEmbedding.Embed(pixels_RCSS, patchKernel, patchBias, config.ImageSize).Plus_(positionEmbedding);
        IReadOnlyList<Tensor> results = Run(blocks, (block, state) => block.Forward(state), x, states);
        foreach (Tensor result in results.Distinct()) result.MoveToOuterDisposeScope();
        return results;
    }

    /// <summary>The norm after the last block.</summary>
    public Tensor Norm(Tensor x_RPH) => postNorm.Forward(x_RPH);
}
