using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>A Qwen vision tower; missing fields have transformers' defaults of the generation.</summary>
public sealed record QwenVisionConfig
{
    /// <summary>The generation.</summary>
    public required QwenGeneration Generation { get; init; }

    /// <summary>Width of the tower.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Width of the merger's output: the language model's hidden size.</summary>
    public required int OutputSize { get; init; }

    /// <summary>Blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels of the images.</summary>
    public required int Channels { get; init; }

    /// <summary>Side of a patch, in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Frames that one patch spans; a still image is repeated.</summary>
    public required int TemporalPatchSize { get; init; }

    /// <summary>Patches along the side of the square that becomes one token.</summary>
    public required int MergeSize { get; init; }

    /// <summary>Feed-forward activation.</summary>
    public required string Activation { get; init; }

    /// <summary>Base of the rotary frequencies.</summary>
    public required double RopeTheta { get; init; }

    /// <summary>Qwen2.5: side of an attention window, in pixels; 0 = no windows.</summary>
    public int WindowSize { get; init; }

    /// <summary>Qwen2.5: blocks that see the whole image.</summary>
    public IReadOnlyList<int> FullAttentionBlocks { get; init; } = [];

    /// <summary>Qwen3: side of the square table of learned positions; 0 = none.</summary>
    public int PositionSide { get; init; }

    /// <summary>Qwen3: blocks whose outputs are added to the first text layers, in order.</summary>
    public IReadOnlyList<int> DeepStackBlocks { get; init; } = [];

    /// <summary>Size of a head.</summary>
    public int HeadSize => HiddenSize / Heads;

    /// <summary>Numbers in one flattened patch: channels × frames × side × side.</summary>
    public int PatchNumbers => Channels * TemporalPatchSize * PatchSize * PatchSize;

    /// <summary>Merged tokens along the side of a window.</summary>
    public int WindowTokens => WindowSize / MergeSize / PatchSize;

    /// <summary>Reads a vision_config; null means all defaults.</summary>
    /// <exception cref="InvalidInputException">A field is out of range.</exception>
    public static QwenVisionConfig Parse(ConfigReader? section, QwenGeneration generation)
    {
        ConfigReader vision = section ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json");
        QwenVisionConfig config = generation switch
        {
            QwenGeneration.Qwen2 => ParseCommon(vision, generation, "embed_dim", width: 1280, layers: 32, patch: 14, activation: "quick_gelu") with
            {
                OutputSize = vision.Int("hidden_size", 3584),
            },
            QwenGeneration.Qwen25 => ParseCommon(vision, generation, "hidden_size", width: 3584, layers: 32, patch: 14, activation: "silu") with
            {
                IntermediateSize = vision.Int("intermediate_size", 3420),
                WindowSize = vision.Int("window_size", 112, most: 1 << 16),
                FullAttentionBlocks = vision.Ints("fullatt_block_indexes") ?? [7, 15, 23, 31],
            },
            _ => ParseCommon(vision, generation, "hidden_size", width: 1152, layers: 27, patch: 16, activation: "gelu_pytorch_tanh") with
            {
                IntermediateSize = vision.Int("intermediate_size", 4304),
                PositionSide = Root(vision, vision.Int("num_position_embeddings", 2304)),
                DeepStackBlocks = vision.Ints("deepstack_visual_indexes") ?? [8, 16, 24],
            },
        };
        if (config.HiddenSize % config.Heads != 0) throw vision.Error("num_heads", $"does not divide the tower's width {config.HiddenSize}");
        if (config.HeadSize % 4 != 0) throw vision.Error("num_heads", $"gives heads of {config.HeadSize}; rotary positions on two axes need a multiple of 4");
        if ((long)config.HiddenSize * config.MergeSize * config.MergeSize > 1 << 24)
            throw vision.Error("spatial_merge_size", $"of {config.MergeSize} at a width of {config.HiddenSize} is out of range");
        if (config.Generation == QwenGeneration.Qwen25 && config.WindowTokens < 1)
            throw vision.Error("window_size", $"is smaller than one token of {config.MergeSize * config.PatchSize} pixels");
        if (config.DeepStackBlocks.Any(block => block < 0 || block >= config.Layers)
            || config.DeepStackBlocks.Distinct().Count() != config.DeepStackBlocks.Count)
            throw vision.Error("deepstack_visual_indexes", $"must name different blocks of the {config.Layers}");
        return config;
    }

    private static QwenVisionConfig ParseCommon(ConfigReader vision, QwenGeneration generation, string widthField, int width, int layers, int patch,
        string activation)
    {
        int hidden = vision.Int(widthField, width);
        double ratio = vision.Number("mlp_ratio", 4), theta = vision.Section("rope_parameters")?.Number("rope_theta", 10000) ?? 10000;
        if (ratio * hidden is < 1 or > 1 << 24) throw vision.Error("mlp_ratio", "is out of range");
        if (theta <= 1) throw vision.Error("rope_parameters.rope_theta", "must be above 1");
        return new QwenVisionConfig
        {
            Generation = generation,
            HiddenSize = hidden,
            IntermediateSize = (int)(hidden * ratio),
            OutputSize = vision.Int("out_hidden_size", 3584),
            Layers = vision.Int("depth", layers, most: 1024),
            Heads = vision.Int("num_heads", 16, most: 1 << 16),
            // the hub's files say in_chans, newer ones in_channels
            Channels = vision.Int("in_channels", vision.Int("in_chans", 3, most: 16), most: 16),
            PatchSize = vision.Int("patch_size", patch, most: 1 << 10),
            TemporalPatchSize = vision.Int("temporal_patch_size", 2, most: 64),
            MergeSize = vision.Int("spatial_merge_size", 2, most: 64),
            Activation = vision.Text("hidden_act", activation),
            RopeTheta = theta,
        };
    }

    private static int Root(ConfigReader vision, int count)
    {
        int side = (int)Math.Sqrt(count);
        return side * side == count ? side : throw vision.Error("num_position_embeddings", "must be a square number");
    }
}
