using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// The CLIP vision tower, run only as far as the asked features need: hidden state 0 is what enters the first block, state i what leaves block i.
/// The norm after the last block belongs to the checkpoint but is never used by LLaVA.
/// </summary>
public sealed class ClipTower : VisionTower
{
    private readonly VisionTowerConfig config;
    private readonly Parameter classEmbedding, patchEmbedding, positionEmbedding;
    private readonly LayerNormLayer preNorm, postNorm;
    private readonly ClipBlock[] blocks;

    /// <summary>Takes embeddings, pre_layrnorm (the checkpoints' spelling), encoder.layers.N and post_layernorm.</summary>
    public ClipTower(ParameterScope scope, VisionTowerConfig config) : base(nameof(ClipTower))
    {
        this.config = config;
        ParameterScope embeddings = scope.At("embeddings");
        classEmbedding = embeddings.Take("class_embedding", ParameterKind.Token, config.HiddenSize);
        patchEmbedding = embeddings.Take("patch_embedding.weight", ParameterKind.ConvolutionWeight, config.HiddenSize, config.Channels, config.PatchSize,
            config.PatchSize);
        positionEmbedding = embeddings.Take("position_embedding.weight", ParameterKind.Token, config.GridSize * config.GridSize + 1, config.HiddenSize);
        preNorm = new(scope.At("pre_layrnorm"), config.HiddenSize, config.LayerNormEpsilon);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new ClipBlock(scope.At($"encoder.layers.{layer}"), config.HiddenSize,
            config.IntermediateSize, config.Heads, config.LayerNormEpsilon, config.Activation))];
        postNorm = new(scope.At("post_layernorm"), config.HiddenSize, config.LayerNormEpsilon);

        ModuleGroup patch = new("weight", patchEmbedding), position = new("weight", positionEmbedding);
        ModuleGroup embedding = new("class_embedding", classEmbedding, ("patch_embedding", patch), ("position_embedding", position));
        register_module("embeddings", embedding);
        register_module("pre_layrnorm", preNorm);
        register_module("encoder", new ModuleGroup(("layers", new ModuleList<ClipBlock>(blocks))));
        register_module("post_layernorm", postNorm);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Forward(Tensor pixels_RCSS, IReadOnlyList<int> states)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor patches = PatchEmbedding.Embed(pixels_RCSS, patchEmbedding, null, config.ImageSize);
        Tensor classes = classEmbedding.view(1, 1, -1).expand(patches.shape[0], 1, config.HiddenSize);
        Tensor x = preNorm.Forward(cat([classes, patches], 1).Plus_(positionEmbedding));
        IReadOnlyList<Tensor> results = Run(blocks, (block, state) => block.Forward(state), x, states);
        foreach (Tensor result in results.Distinct()) result.MoveToOuterDisposeScope();
        return results;
    }
}
