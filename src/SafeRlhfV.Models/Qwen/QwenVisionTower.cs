using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>The vision tower of the three Qwen-VL generations, for images of any number and size at once, with the mergers that follow it.</summary>
public sealed class QwenVisionTower : NamedModule
{
    private readonly QwenVisionConfig config;
    private readonly Parameter patchWeight;
    private readonly Parameter? patchBias, positions;
    private readonly QwenVisionBlock[] blocks;
    private readonly QwenMerger merger;
    private readonly QwenMerger[] deepMergers;

    /// <summary>Takes patch_embed.proj, blocks.N and merger; in Qwen3 pos_embed and deepstack_merger_list.N too.</summary>
    public QwenVisionTower(ParameterScope scope, QwenVisionConfig config) : base(nameof(QwenVisionTower))
    {
        this.config = config;
        ParameterScope patch = scope.At("patch_embed.proj");
        patchWeight = patch.Take("weight", ParameterKind.ConvolutionWeight, config.HiddenSize, config.Channels, config.TemporalPatchSize, config.PatchSize,
            config.PatchSize);
        ModuleGroup patchLayer = new("weight", patchWeight);
        if (config.Generation == QwenGeneration.Qwen3)
        {
            patchBias = patch.Take("bias", ParameterKind.LinearBias, config.HiddenSize);
            patchLayer.register_parameter("bias", patchBias);
        }
        register_module("patch_embed", new ModuleGroup(("proj", patchLayer)));
        if (config.PositionSide > 0)
        {
            positions = scope.Take("pos_embed.weight", ParameterKind.Token, config.PositionSide * config.PositionSide, config.HiddenSize);
            register_module("pos_embed", new ModuleGroup("weight", positions));
        }
        blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new QwenVisionBlock(scope.At($"blocks.{layer}"), config))];
        merger = new(scope.At("merger"), config);
        deepMergers = [.. config.DeepStackBlocks.Select((_, i) => new QwenMerger(scope.At($"deepstack_merger_list.{i}"), config, normAfterJoin: true))];
        register_module("blocks", new ModuleList<QwenVisionBlock>(blocks));
        register_module("merger", merger);
        if (deepMergers.Length > 0) register_module("deepstack_merger_list", new ModuleList<QwenMerger>(deepMergers));
    }

    /// <summary>The tower's own parameters, without the mergers'.</summary>
    public IEnumerable<Parameter> TowerParameters =>
        new Parameter?[] { patchWeight, patchBias, positions }.OfType<Parameter>().Concat(blocks.SelectMany(block => block.parameters()));

    /// <summary>Runs the blocks: [patches, vision width] after the last one, and after each deepstack block.</summary>
    public VisionFeatures Encode(ImageInputs images)
    {
        PatchGrid[] grids = [.. images.Images.Select(image => new PatchGrid(1, image.GridHeight, image.GridWidth))];
        Check(images, grids);
        using DisposeScope scope = NewDisposeScope();
        Tensor x = nn.functional.linear(images.PixelValues.to(patchWeight.dtype, patchWeight.device), patchWeight.view(config.HiddenSize, -1), patchBias);
        if (positions is not null) x = x.Plus(Interpolated(grids));
        RotaryAngles angles = Angles(grids);
        IReadOnlyList<AttentionRun> whole = AttentionRun.Of(PatchGrid.FrameLengths(grids)), windows = whole;
        Tensor? back = null;
        if (config.WindowSize > 0)
        {
            int square = config.MergeSize * config.MergeSize;
            (long[] order, int[] lengths) = PatchGrid.Windows(grids, config.MergeSize, config.WindowTokens);
            windows = AttentionRun.Of([.. lengths.Select(length => length * square)]);
            Tensor patches = Patches(order, square, x.device);
            back = patches.argsort();
            x = x.index_select(0, patches);
            angles = new(angles.Cosine_BL1D.index_select(1, patches), angles.SignedSine_BL1D.index_select(1, patches));
        }
        Dictionary<int, Tensor> levels = [];
        for (int layer = 0; layer < blocks.Length; layer++)
        {
            x = blocks[layer].Forward(x, config.WindowSize > 0 && !config.FullAttentionBlocks.Contains(layer) ? windows : whole, angles);
            if (config.DeepStackBlocks.Contains(layer)) levels[layer] = x;
        }
        if (back is not null) x = x.index_select(0, back);
        Tensor[] deep = [.. config.DeepStackBlocks.Select(layer => levels[layer])];
        foreach (Tensor kept in deep.Append(x).Distinct()) kept.MoveToOuterDisposeScope();
        return new VisionFeatures(x, deep, images.Images);
    }

    /// <summary>Runs the mergers: tokens for the text, and for each of its first layers.</summary>
    public ImageEmbeddings Merge(VisionFeatures features) =>
        new(merger.Forward(features.Hidden), [.. features.Levels.Select((level, i) => deepMergers[i].Forward(level))], features.Images);

    private void Check(ImageInputs images, PatchGrid[] grids)
    {
        long[] shape = images.PixelValues.shape;
        long wanted = grids.Sum(grid => (long)grid.Count);
        if (shape.Length != 2 || shape[0] != wanted || shape[1] != config.PatchNumbers)
            throw new ArgumentException($"Pixel values are [{string.Join(", ", shape)}]; the images' grids need [{wanted}, {config.PatchNumbers}].",
                nameof(images));
        foreach (PatchGrid grid in grids)
            if (grid.Rows < 1 || grid.Columns < 1 || grid.Rows % config.MergeSize != 0 || grid.Columns % config.MergeSize != 0)
                throw new ArgumentException($"A grid of {grid.Rows} x {grid.Columns} patches cannot be merged by {config.MergeSize} x {config.MergeSize}.",
                    nameof(images));
    }

    // patch indices of merged tokens: the patches of a token lie together
    private static Tensor Patches(long[] tokens, int square, Device device)
    {
        Tensor tokens_T1 = tensor(tokens, device: device).unsqueeze(1);
        return tokens_T1.Times(square).Plus(Scalars.Range(square, device: device)).view(-1);
    }

    // half of the frequencies turn with the row, half with the column
    private RotaryAngles Angles(PatchGrid[] grids)
    {
        Device device = patchWeight.device;
        (long[] rows, long[] columns) = PatchGrid.Places(grids, config.MergeSize);
        int half = config.HeadSize / 2;
        Tensor frequencies = RotaryTable.Frequencies(config.RopeTheta, half, device);
        Tensor Turns(long[] places) => tensor(places, ScalarType.Float32, device).unsqueeze(1) * frequencies;
        Tensor turns = cat([Turns(rows), Turns(columns)], 1);
        Tensor cosine = turns.cos(), sine = turns.sin();
        return new(cat([cosine, cosine], 1).view(1, rows.Length, 1, -1), cat([sine.neg(), sine], 1).view(1, rows.Length, 1, -1));
    }

    private Tensor Interpolated(PatchGrid[] grids)
    {
        (long[] indices, float[] weights) = PatchGrid.Taps(grids, config.MergeSize, config.PositionSide);
        Tensor taps = positions!.index_select(0, tensor(indices, device: positions.device)).view(-1, 4, config.HiddenSize);
        return (taps * tensor(weights, device: positions.device).to(positions.dtype).view(-1, 4, 1)).sum(1);
    }
}
