using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>A CLIP, SigLIP or InternViT vision tower; missing fields have transformers' defaults.</summary>
public sealed record VisionTowerConfig
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

    /// <summary>Reads the vision_config of a CLIP tower.</summary>
    /// <exception cref="InvalidInputException">It is no CLIP tower or a field is out of range.</exception>
    public static VisionTowerConfig Clip(ConfigReader vision) => Read(vision, "clip_vision_model", 32, 1e-5, "quick_gelu");

    /// <summary>Reads the vision_config of a SigLIP tower.</summary>
    /// <exception cref="InvalidInputException">It is no SigLIP tower, it has a pooling head, or a field is out of range.</exception>
    public static VisionTowerConfig Siglip(ConfigReader vision)
    {
        VisionTowerConfig config = Read(vision, "siglip_vision_model", 16, 1e-6, "gelu_pytorch_tanh");
        // the field's default is true
        if (vision.Flag("vision_use_head", true)) throw vision.Error("vision_use_head", "must be false; a tower with a pooling head is not supported");
        return config;
    }

    private static VisionTowerConfig Read(ConfigReader vision, string modelType, int patch, double epsilon, string activation)
    {
        ArgumentNullException.ThrowIfNull(vision);
        if (vision.Text("model_type", modelType) != modelType)
            throw vision.Error("model_type", $"must be {modelType}; no other tower is supported in this model");
        VisionTowerConfig config = new()
        {
            HiddenSize = vision.Int("hidden_size", 768),
            IntermediateSize = vision.Int("intermediate_size", 3072),
            Layers = vision.Int("num_hidden_layers", 12, most: 1024),
            Heads = vision.Int("num_attention_heads", 12, most: 1 << 16),
            Channels = vision.Int("num_channels", 3, most: 16),
            ImageSize = vision.Int("image_size", 224, most: 1 << 14),
            PatchSize = vision.Int("patch_size", patch, most: 1 << 14),
            LayerNormEpsilon = vision.Number("layer_norm_eps", epsilon),
            Activation = vision.Text("hidden_act", activation),
        };
        if (config.HiddenSize % config.Heads != 0) throw vision.Error("num_attention_heads", $"does not divide hidden_size {config.HiddenSize}");
        if (config.PatchSize > config.ImageSize) throw vision.Error("patch_size", $"is larger than image_size {config.ImageSize}");
        return config;
    }
}
