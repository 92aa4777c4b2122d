using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// The CLIP vision tower, run only as far as the asked features need: hidden state 0 is what enters the first block, state i what leaves block i.
/// The norm after the last block belongs to the checkpoint but is never used by LLaVA.
/// </summary>
public sealed class ClipTower : NamedModule
{
    private readonly ClipVisionConfig config;
    private readonly Parameter classEmbedding, patchEmbedding, positionEmbedding;
    private readonly LayerNormLayer preNorm, postNorm;
    private readonly ClipBlock[] blocks;

    /// <summary>Takes embeddings, pre_layrnorm (the checkpoints' spelling), encoder.layers.N and post_layernorm.</summary>
    public ClipTower(ParameterScope scope, ClipVisionConfig config) : base(nameof(ClipTower))
    {
        this.config = config;
        ParameterScope embeddings = scope.At("embeddings");
        classEmbedding = embeddings.Take("class_embedding", ParameterKind.Token, config.HiddenSize);
        patchEmbedding = embeddings.Take("patch_embedding.weight", ParameterKind.ConvolutionWeight, config.HiddenSize, config.Channels, config.PatchSize,
            config.PatchSize);
        positionEmbedding = embeddings.Take("position_embedding.weight", ParameterKind.Token, config.GridSize * config.GridSize + 1, config.HiddenSize);
        preNorm = new(scope.At("pre_layrnorm"), config.HiddenSize, config.LayerNormEpsilon);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new ClipBlock(scope.At($"encoder.layers.{layer}"), config))];
        postNorm = new(scope.At("post_layernorm"), config.HiddenSize, config.LayerNormEpsilon);

        ModuleGroup patch = new("weight", patchEmbedding), position = new("weight", positionEmbedding);
        ModuleGroup embedding = new("class_embedding", classEmbedding, ("patch_embedding", patch), ("position_embedding", position));
        register_module("embeddings", embedding);
        register_module("pre_layrnorm", preNorm);
        register_module("encoder", new ModuleGroup(("layers", new ModuleList<ClipBlock>(blocks))));
        register_module("post_layernorm", postNorm);
    }

    /// <summary>The hidden states asked for, [rows, patches + 1, width] each; blocks past the last of them are not run.</summary>
    /// <param name="pixels_RCSS">Pixel values, [rows, 3, S, S].</param>
    /// <param name="states">Indices of hidden states, 0 to the number of blocks.</param>
    public IReadOnlyList<Tensor> Forward(Tensor pixels_RCSS, IReadOnlyList<int> states)
    {
        long[] shape = pixels_RCSS.shape;
        if (shape.Length != 4 || shape[1] != config.Channels || shape[2] != config.ImageSize || shape[3] != config.ImageSize)
            throw new ArgumentException($"Pixel values are [{string.Join(", ", shape)}]; [rows, {config.Channels}, {config.ImageSize}, {config.ImageSize}] is "
                + "needed.", nameof(pixels_RCSS));
        using DisposeScope scope = NewDisposeScope();
        Tensor x = preNorm.Forward(Embed(pixels_RCSS.to(patchEmbedding.dtype)));
        Dictionary<int, Tensor> found = new() { [0] = x };
        int last = states.Max();
        for (int layer = 0; layer < last; layer++)
        {
            x = blocks[layer].Forward(x);
            if (states.Contains(layer + 1)) found[layer + 1] = x;
        }
        Tensor[] results = [.. states.Select(state => found[state])];
        foreach (Tensor result in results.Distinct()) result.MoveToOuterDisposeScope();
        return results;
    }

    // patches do not overlap, so the convolution is one matrix product over flattened patches
    private Tensor Embed(Tensor pixels_RCSS)
    {
        (long rows, long grid, long patch) = (pixels_RCSS.shape[0], config.GridSize, config.PatchSize);
        Tensor whole = grid * patch == config.ImageSize ? pixels_RCSS : pixels_RCSS.narrow(2, 0, grid * patch).narrow(3, 0, grid * patch);
        Tensor patches = whole.reshape(rows, config.Channels, grid, patch, grid, patch).permute(0, 2, 4, 1, 3, 5).reshape(rows, grid * grid, -1);
        Tensor embedded = nn.functional.linear(patches, patchEmbedding.view(config.HiddenSize, -1));
        return cat([classEmbedding.view(1, 1, -1).expand(rows, 1, config.HiddenSize), embedded], 1).Plus_(positionEmbedding);
    }
}
