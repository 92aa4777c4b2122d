using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>A CLIP vision tower; missing fields have transformers' defaults.</summary>
public sealed record ClipVisionConfig
{
    /// <summary>Width.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Width inside the feed-forward part.</summary>
    public required int IntermediateSize { get; init; }

    /// <summary>Blocks.</summary>
    public required int Layers { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Channels of the images.</summary>
    public required int Channels { get; init; }

    /// <summary>Side of the images, in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Side of a patch, in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public required double LayerNormEpsilon { get; init; }

    /// <summary>Feed-forward activation.</summary>
    public required string Activation { get; init; }

    /// <summary>Patches along one side.</summary>
    public int GridSize => ImageSize / PatchSize;

    /// <summary>Parameters of the whole tower.</summary>
    public long ParameterCount =>
        HiddenSize * (1L + Channels * PatchSize * PatchSize + GridSize * GridSize + 1 + 4)
        + Layers * (4L * HiddenSize * HiddenSize + 4 * HiddenSize + 2L * HiddenSize * IntermediateSize + IntermediateSize + HiddenSize + 4 * HiddenSize);

    /// <summary>Reads a vision_config; null means LLaVA's default, CLIP-L at 336 pixels.</summary>
    /// <exception cref="InvalidInputException">It is no CLIP tower or a field is out of range.</exception>
    public static ClipVisionConfig Parse(ConfigReader? vision)
    {
        if (vision is null)
            return new ClipVisionConfig
            {
                HiddenSize = 1024,
                IntermediateSize = 4096,
                Layers = 24,
                Heads = 16,
                Channels = 3,
                ImageSize = 336,
                PatchSize = 14,
                LayerNormEpsilon = 1e-5,
                Activation = "quick_gelu",
            };
        if (vision.Text("model_type", "clip_vision_model") is not "clip_vision_model")
            throw vision.Error("model_type", "must be clip_vision_model; no other tower is supported in a LLaVA model");
        ClipVisionConfig config = new()
        {
            HiddenSize = vision.Int("hidden_size", 768),
            IntermediateSize = vision.Int("intermediate_size", 3072),
            Layers = vision.Int("num_hidden_layers", 12, most: 1024),
            Heads = vision.Int("num_attention_heads", 12, most: 1 << 16),
            Channels = vision.Int("num_channels", 3, most: 16),
            ImageSize = vision.Int("image_size", 224, most: 1 << 14),
            PatchSize = vision.Int("patch_size", 32, most: 1 << 14),
            LayerNormEpsilon = vision.Number("layer_norm_eps", 1e-5),
            Activation = vision.Text("hidden_act", "quick_gelu"),
        };
        if (config.HiddenSize % config.Heads != 0) throw vision.Error("num_attention_heads", $"does not divide hidden_size {config.HiddenSize}");
        if (config.PatchSize > config.ImageSize) throw vision.Error("patch_size", $"is larger than image_size {config.ImageSize}");
        return config;
    }
}
