using System.Text;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Bench;

/// <summary>
/// The model of the workloads: a Llama decoder of 3.7 million parameters in float32, behind the smallest tower (no workload shows it an image).
/// </summary>
internal static class TinyModel
{
    public const int Hidden = 256, Layers = 4, Heads = 4, FeedForward = 688, Vocabulary = 1024;

    /// <summary>Side of the tower's images, for the processor that goes with it.</summary>
    public const int ImageSide = 336;

    /// <summary>The last id stands for an image token, so that texts are made of the others.</summary>
    public const int ImageToken = Vocabulary - 1;

    public static ModelConfig Config { get; } = ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes($$"""
        {
          "model_type": "llava", "image_token_index": {{ImageToken}}, "tie_word_embeddings": false,
          "text_config": {
            "model_type": "llama", "hidden_size": {{Hidden}}, "intermediate_size": {{FeedForward}}, "num_hidden_layers": {{Layers}},
            "num_attention_heads": {{Heads}},
            "num_key_value_heads": {{Heads}}, "vocab_size": {{Vocabulary}}, "rms_norm_eps": 1e-5, "max_position_embeddings": 1024
          },
          "vision_config": { "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 1,
            "image_size": {{ImageSide}}, "patch_size": 112 }
        }
        """), "the bench's config.json"));

    public static VisionLanguageModel Create(long seed) => ModelFactory.Create(Config, seed);

    /// <summary>CLIP's processing at the tower's size.</summary>
    public static ImageProcessor Images() => ImageProcessor.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes($$"""
        {
          "image_processor_type": "CLIPImageProcessor", "size": { "shortest_edge": {{ImageSide}} }, "resample": 3,
          "crop_size": { "height": {{ImageSide}}, "width": {{ImageSide}} },
          "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]
        }
        """), "the bench's preprocessor_config.json"), Config);

    /// <summary>Random texts without padding, [rows, length].</summary>
    public static Tensor Ids(int rows, int length) => randint(0, ImageToken, [rows, length], ScalarType.Int64);

    /// <summary>A mask that says all columns count.</summary>
    public static Tensor All(Tensor ids_BL) => ones_like(ids_BL, ScalarType.Bool);

    /// <summary>FLOPs of forward and backward: matrix products and causal attention.</summary>
    public static double TrainingFlops(double rows, double length)
    {
        double weights = Layers * (4.0 * Hidden * Hidden + 3.0 * Hidden * FeedForward) + Hidden * Vocabulary;
        return 6 * weights * rows * length + Layers * 6 * rows * length * length * Hidden;
    }
}
