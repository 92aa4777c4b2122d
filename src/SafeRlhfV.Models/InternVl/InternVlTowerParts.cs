using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>What an InternViT tower has: the releases differ in norms and biases. Missing fields have transformers' defaults.</summary>
/// <param name="UsesRmsNorm">The blocks' norms are RMSNorm (6B), else LayerNorm (300M).</param>
/// <param name="NormsQueriesAndKeys">Queries and keys are normed, all heads together (6B).</param>
/// <param name="HasQueryKeyValueBias">Query, key and value have biases (300M).</param>
/// <param name="HasPositions">There are learnt positions.</param>
/// <param name="HasFinalNorm">The checkpoint holds a norm after the last block.</param>
/// <param name="AppliesFinalNorm">That norm is applied: only where the features are the tower's last output, not a hidden state by its number.</param>
public sealed record InternVlTowerParts(bool UsesRmsNorm, bool NormsQueriesAndKeys, bool HasQueryKeyValueBias, bool HasPositions, bool HasFinalNorm,
    bool AppliesFinalNorm)
{
    /// <summary>Reads vision_config.</summary>
    /// <param name="vision">The object.</param>
    /// <param name="takesLastOutput">The features are the tower's last output.</param>
    /// <exception cref="InvalidInputException">A field is malformed or not supported.</exception>
    public static InternVlTowerParts Read(ConfigReader vision, bool takesLastOutput)
    {
        ArgumentNullException.ThrowIfNull(vision);
        string norm = vision.Text("norm_type", "layer_norm");
        if (norm is not ("layer_norm" or "rms_norm")) throw vision.Error("norm_type", $"is '{norm}'; layer_norm and rms_norm are supported");
        if (vision.Flag("use_mask_token", false)) throw vision.Error("use_mask_token", "must be false; masked images are not supported");
        bool hasFinalNorm = !vision.Flag("use_mean_pooling", true);
        return new(norm == "rms_norm", vision.Flag("use_qk_norm", false), vision.Flag("attention_bias", false),
            vision.Flag("use_absolute_position_embeddings", true), hasFinalNorm, hasFinalNorm && takesLastOutput);
    }

    /// <summary>Reads the sizes in vision_config.</summary>
    /// <exception cref="InvalidInputException">It is no InternViT tower, images or patches are not square, or a field is out of range.</exception>
    public static VisionTowerConfig Sizes(ConfigReader vision)
    {
        ArgumentNullException.ThrowIfNull(vision);
        if (vision.Text("model_type", "internvl_vision") != "internvl_vision")
            throw vision.Error("model_type", "must be internvl_vision; no other tower is supported in an InternVL model");
        VisionTowerConfig config = new()
        {
            HiddenSize = vision.Int("hidden_size", 1024),
            IntermediateSize = vision.Int("intermediate_size", 4096),
            Layers = vision.Int("num_hidden_layers", 24, most: 1024),
            Heads = vision.Int("num_attention_heads", 16, most: 1 << 16),
            Channels = vision.Int("num_channels", 3, most: 16),
            ImageSize = Side(vision, "image_size", 448),
            PatchSize = Side(vision, "patch_size", 14),
            LayerNormEpsilon = vision.Number("layer_norm_eps", 1e-6),
            Activation = vision.Text("hidden_act", "gelu"),
        };
        if (config.HiddenSize % config.Heads != 0) throw vision.Error("num_attention_heads", $"does not divide hidden_size {config.HiddenSize}");
        if (config.PatchSize > config.ImageSize) throw vision.Error("patch_size", $"is larger than image_size {config.ImageSize}");
        return config;
    }

    // a number, or height and width
    private static int Side(ConfigReader vision, string name, int usual)
    {
        if (vision.Ints(name) is not { } sides) return usual;
        if (sides.Count is not (1 or 2) || sides[0] != sides[^1]) throw vision.Error(name, "must be a number or two equal ones; only squares are supported");
        return sides[0] is >= 1 and <= 1 << 14 ? sides[0] : throw vision.Error(name, $"must lie between 1 and {1 << 14}");
    }
}
