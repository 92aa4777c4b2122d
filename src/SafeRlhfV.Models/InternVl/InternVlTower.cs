using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// The InternViT tower: a class token, patches with a bias, learnt positions that are resized for tiles of another size, and blocks with scaled residuals.
/// </summary>
public sealed class InternVlTower : VisionTower
{
    private readonly VisionTowerConfig config;
    private readonly bool appliesFinalNorm;
    private readonly Parameter classToken, patchKernel, patchBias;
    private readonly Parameter? positions;
    private readonly InternVlBlock[] blocks;
    private readonly LayerNormLayer? finalNorm;

    /// <summary>Takes embeddings, encoder.layer.N and, if the tower has it, layernorm.</summary>
    public InternVlTower(ParameterScope scope, VisionTowerConfig config, InternVlTowerParts parts) : base(nameof(InternVlTower))
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(parts);
        (this.config, appliesFinalNorm) = (config, parts.AppliesFinalNorm);
        ParameterScope embeddings = scope.At("embeddings"), projection = embeddings.At("patch_embeddings.projection");
        classToken = embeddings.Take("cls_token", ParameterKind.Token, 1, 1, config.HiddenSize);
        patchKernel = projection.Take("weight", ParameterKind.ConvolutionWeight, config.HiddenSize, config.Channels, config.PatchSize, config.PatchSize);
        patchBias = projection.Take("bias", ParameterKind.LinearBias, config.HiddenSize);
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new InternVlBlock(scope.At($"encoder.layer.{layer}"), config, parts))];

        ModuleGroup patch = new("weight", patchKernel);
        patch.register_parameter("bias", patchBias);
        ModuleGroup embedding = new("cls_token", classToken, ("patch_embeddings", new ModuleGroup(("projection", patch))));
        if (parts.HasPositions)
        {
            positions = embeddings.Take("position_embeddings", ParameterKind.Token, 1, 1 + config.GridSize * config.GridSize, config.HiddenSize);
            embedding.register_parameter("position_embeddings", positions);
        }
        register_module("embeddings", embedding);
        register_module("encoder", new ModuleGroup(("layer", new ModuleList<InternVlBlock>(blocks))));
        if (!parts.HasFinalNorm) return;
        finalNorm = new(scope.At("layernorm"), config.HiddenSize, config.LayerNormEpsilon);
        register_module("layernorm", finalNorm);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<Tensor> Forward(Tensor pixels_RCSS, IReadOnlyList<int> states)
    {
        ArgumentNullException.ThrowIfNull(pixels_RCSS);
        using DisposeScope scope = NewDisposeScope();
        int side = (int)pixels_RCSS.shape[^1];
        Tensor patches = PatchEmbedding.Embed(pixels_RCSS, patchKernel, patchBias, side);
        Tensor x = cat([classToken.expand(patches.shape[0], 1, config.HiddenSize), patches], 1);
        if (PositionsOf(side / config.PatchSize) is { } learnt) x = x.Plus_(learnt);
        Tensor Normed(Tensor state, int index) => appliesFinalNorm && index == blocks.Length ? finalNorm!.Forward(state) : state;
        Tensor[] results = [.. Run(blocks, (block, state) => block.Forward(state), x, states).Zip(states, Normed)];
        foreach (Tensor result in results.Distinct()) result.MoveToOuterDisposeScope();
        return results;
    }

    /// <summary>The positions of the class token and of a square of patches, [1, 1 + grid * grid, H]; null if the tower has none.</summary>
    internal Tensor? PositionsOf(int grid)
    {
        if (positions is null || grid == config.GridSize) return positions;
        using DisposeScope scope = NewDisposeScope();
        int side = config.GridSize;
        Tensor map_1HSS = positions.narrow(1, 1, side * side).view(1, side, side, -1).permute(0, 3, 1, 2);
        Tensor resized = nn.functional.interpolate(map_1HSS, [grid, grid], mode: InterpolationMode.Bicubic, align_corners: false).permute(0, 2, 3, 1);
        return cat([positions.narrow(1, 0, 1), resized.reshape(1, grid * grid, -1)], 1).MoveToOuterDisposeScope();
    }
}
