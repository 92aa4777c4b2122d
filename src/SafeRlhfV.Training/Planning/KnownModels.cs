using System.Text;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>Settings of the released models, so that a plan needs no download. They are found by the folder's name, as the hub calls the model.</summary>
internal static class KnownModels
{
    private const string Clip = """
        "vision_config": { "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
          "num_attention_heads": 16, "image_size": 336, "patch_size": 14 }, "vision_feature_layer": -2, "vision_feature_select_strategy": "default"
        """;

    private const string QwenTokens = """
        "torch_dtype": "bfloat16", "image_token_id": 151655, "video_token_id": 151656, "vision_start_token_id": 151652, "vision_end_token_id": 151653
        """;

    private const string SmallVision = """ "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "deepstack_visual_indexes": [5, 11, 17] """;

    private const string LargeVision = """ "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "deepstack_visual_indexes": [8, 16, 24] """;

    private const string InternVit300M = """
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "attention_bias": true
        """;

    private const string InternVit6B = """
        "hidden_size": 3200, "intermediate_size": 12800, "num_hidden_layers": 45, "num_attention_heads": 25, "norm_type": "rms_norm", "use_qk_norm": true
        """;

    private const string Experts = "its language model is a mixture of experts, which is not supported";

    private static readonly Dictionary<string, string> Configs = new(StringComparer.OrdinalIgnoreCase)
    {
        ["llava-1.5-7b-hf"] = $$"""
            { "model_type": "llava", "torch_dtype": "float16", "image_token_index": 32000, "pad_token_id": 32001,
              "text_config": { "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
                "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "vocab_size": 32064 }, {{Clip}} }
            """,
        ["llava-v1.6-mistral-7b-hf"] = $$"""
            { "model_type": "llava_next", "torch_dtype": "float16", "image_token_index": 32000, "pad_token_id": 32001,
              "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]],
              "text_config": { "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 8, "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "vocab_size": 32064 }, {{Clip}} }
            """,
        ["llava-onevision-qwen2-0.5b-si-hf"] = OneVision(896, 4864, 24, 14, 2, 152000, tied: true),
        ["llava-onevision-qwen2-0.5b-ov-hf"] = OneVision(896, 4864, 24, 14, 2, 152000, tied: true),
        ["llava-onevision-qwen2-7b-si-hf"] = OneVision(3584, 18944, 28, 28, 4, 152128, tied: false),
        ["llava-onevision-qwen2-7b-ov-hf"] = OneVision(3584, 18944, 28, 28, 4, 152128, tied: false),
        ["llava-onevision-qwen2-7b-ov-chat-hf"] = OneVision(3584, 18944, 28, 28, 4, 152128, tied: false),
        ["llava-onevision-qwen2-72b-si-hf"] = OneVision(8192, 29568, 80, 64, 8, 152128, tied: false),
        ["llava-onevision-qwen2-72b-ov-hf"] = OneVision(8192, 29568, 80, 64, 8, 152128, tied: false),
        ["llava-onevision-qwen2-72b-ov-chat-hf"] = OneVision(8192, 29568, 80, 64, 8, 152128, tied: false),
        ["gemma-3-4b-pt"] = Gemma("gemma3", 2560, 10240, 34, 8, 4, 256, 256),
        ["gemma-3-4b-it"] = Gemma("gemma3", 2560, 10240, 34, 8, 4, 256, 256),
        ["gemma-3-12b-pt"] = Gemma("gemma3", 3840, 15360, 48, 16, 8, 256, 256),
        ["gemma-3-12b-it"] = Gemma("gemma3", 3840, 15360, 48, 16, 8, 256, 256),
        ["gemma-3-27b-pt"] = Gemma("gemma3", 5376, 21504, 62, 32, 16, 128, 168),
        ["gemma-3-27b-it"] = Gemma("gemma3", 5376, 21504, 62, 32, 16, 128, 168),
        ["shieldgemma-2-4b-it"] = Gemma("shieldgemma2", 2560, 10240, 34, 8, 4, 256, 256),
        ["InternVL3-1B-hf"] = InternVl3(896, 4864, 24, 14, 2, InternVit300M),
        ["InternVL3-2B-hf"] = InternVl3(1536, 8960, 28, 12, 2, InternVit300M),
        ["InternVL3-8B-hf"] = InternVl3(3584, 18944, 28, 28, 4, InternVit300M),
        ["InternVL3-14B-hf"] = InternVl3(5120, 13824, 48, 40, 8, InternVit300M),
        ["InternVL3-38B-hf"] = InternVl3(5120, 27648, 64, 40, 8, InternVit6B),
        ["InternVL3-78B-hf"] = InternVl3(8192, 29568, 80, 64, 8, InternVit6B),
        ["InternVL3_5-1B-HF"] = InternVl35(1024, 3072, 28, 16, InternVit300M),
        ["InternVL3_5-2B-HF"] = InternVl35(2048, 6144, 28, 16, InternVit300M),
        ["InternVL3_5-4B-HF"] = InternVl35(2560, 9728, 36, 32, InternVit300M),
        ["InternVL3_5-8B-HF"] = InternVl35(4096, 12288, 36, 32, InternVit300M),
        ["InternVL3_5-14B-HF"] = InternVl35(5120, 17408, 40, 40, InternVit300M),
        ["InternVL3_5-38B-HF"] = InternVl35(5120, 25600, 64, 64, InternVit6B),
        ["Qwen2-VL-2B-Instruct"] = $$"""{ {{Qwen2Vision(1536)}}, {{Qwen2Text(1536, 8960, 28, 12, 2, 151936, tied: true)}}, {{QwenTokens}} }""",
        ["Qwen2-VL-7B-Instruct"] = $$"""{ {{Qwen2Vision(3584)}}, {{Qwen2Text(3584, 18944, 28, 28, 4, 152064, tied: false)}}, {{QwenTokens}} }""",
        ["Qwen2-VL-72B-Instruct"] = $$"""{ {{Qwen2Vision(8192)}}, {{Qwen2Text(8192, 29568, 80, 64, 8, 152064, tied: false)}}, {{QwenTokens}} }""",
        ["Qwen2.5-VL-3B-Instruct"] = Qwen25(2048, 11008, 36, 16, 2, 151936, tied: true, visionInner: 3420),
        ["Qwen2.5-VL-7B-Instruct"] = Qwen25(3584, 18944, 28, 28, 4, 152064, tied: false, visionInner: 3420),
        ["Qwen2.5-VL-32B-Instruct"] = Qwen25(5120, 27648, 64, 40, 8, 152064, tied: false, visionInner: 3456),
        ["Qwen2.5-VL-72B-Instruct"] = Qwen25(8192, 29568, 80, 64, 8, 152064, tied: false, visionInner: 3456),
        ["Qwen3-VL-2B-Instruct"] = Qwen3(2048, 6144, 28, 16, tied: true, SmallVision),
        ["Qwen3-VL-4B-Instruct"] = Qwen3(2560, 9728, 36, 32, tied: true, SmallVision),
        ["Qwen3-VL-8B-Instruct"] = Qwen3(4096, 12288, 36, 32, tied: false, LargeVision),
        ["Qwen3-VL-32B-Instruct"] = Qwen3(5120, 25600, 64, 64, tied: false, LargeVision),
    };

    // by the beginning of the name
    private static readonly (string Beginning, string Reason)[] NotSupported =
    [
        ("InternVL3-9B", "its language model is InternLM3, which is not supported"),
        ("InternVL3_5-GPT-OSS-20B", Experts),
        ("InternVL3_5-30B", Experts),
        ("InternVL3_5-241B", Experts),
        ("Qwen3-VL-30B", Experts),
        ("Qwen3-VL-235B", Experts),
        ("gemma-3-270m", "it is a language model without a vision tower"),
        ("gemma-3-1b", "it is a language model without a vision tower"),
    ];

    /// <summary>Names of the models.</summary>
    public static IReadOnlyCollection<string> Names => Configs.Keys;

    /// <summary>The settings of a model by its folder's name; null if it is not known.</summary>
    /// <exception cref="InvalidInputException">The hub has a model of that name, and it cannot be run here.</exception>
    public static ModelConfig? Find(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        foreach ((string beginning, string reason) in NotSupported)
            if (name.StartsWith(beginning, StringComparison.OrdinalIgnoreCase)) throw new InvalidInputException($"{folder}: {name} cannot be run: {reason}.");
        if (Configs.ContainsKey($"{name}-hf"))
            throw new InvalidInputException($"{folder}: on the hub {name} has the form of its original code; take {name}-hf, its conversion for transformers.");
        return Configs.TryGetValue(name, out string? json) ? ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(json), name)) : null;
    }

    private static string OneVision(int width, int inner, int layers, int heads, int keyHeads, int words, bool tied) => $$"""
        { "model_type": "llava_onevision", "torch_dtype": "float16", "image_token_index": 151646, "video_token_index": 151647,
          "vision_aspect_ratio": "anyres_max_9", "vision_feature_layer": -1, "vision_feature_select_strategy": "full", "projector_hidden_act": "gelu",
          "text_config": { "model_type": "qwen2", "hidden_size": {{width}}, "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}},
            "num_attention_heads": {{heads}}, "num_key_value_heads": {{keyHeads}}, "max_position_embeddings": 32768, "rope_theta": 1000000.0,
            "vocab_size": {{words}}, "eos_token_id": 151645, "tie_word_embeddings": {{(tied ? "true" : "false")}} },
          "vision_config": { "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 26,
            "num_attention_heads": 16, "image_size": 384, "patch_size": 14, "vision_use_head": false } }
        """;

    private static string Gemma(string type, int width, int inner, int layers, int heads, int keyHeads, int headSize, int queryScalar) => $$"""
        { "model_type": "{{type}}", "torch_dtype": "bfloat16", "boi_token_index": 255999, "eoi_token_index": 256000, "image_token_index": 262144,
          "eos_token_id": [1, 106], "mm_tokens_per_image": 256,
          "text_config": { "model_type": "gemma3_text", "hidden_size": {{width}}, "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}},
            "num_attention_heads": {{heads}}, "num_key_value_heads": {{keyHeads}}, "head_dim": {{headSize}}, "query_pre_attn_scalar": {{queryScalar}},
            "rope_scaling": { "rope_type": "linear", "factor": 8.0 }, "sliding_window": 1024, "vocab_size": 262208 },
          "vision_config": { "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 27,
            "num_attention_heads": 16, "image_size": 896, "patch_size": 14, "vision_use_head": false } }
        """;

    // the files have an output layer of their own, whatever they say
    private static string InternVl(int imageToken, string text, string vision) => $$"""
        { "model_type": "internvl", "torch_dtype": "bfloat16", "image_token_id": {{imageToken}}, "downsample_ratio": 0.5, "tie_word_embeddings": false,
          "text_config": { {{text}}, "eos_token_id": 151645 },
          "vision_config": { "model_type": "internvl_vision", {{vision}}, "image_size": [448, 448], "patch_size": [14, 14] } }
        """;

    private static string InternVl3(int width, int inner, int layers, int heads, int keyHeads, string vision) => InternVl(151667, $$"""
        "model_type": "qwen2", "hidden_size": {{width}}, "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}}, "num_attention_heads": {{heads}},
        "num_key_value_heads": {{keyHeads}}, "max_position_embeddings": 32768, "rope_theta": 1000000.0,
        "rope_scaling": { "rope_type": "dynamic", "factor": 2.0 }, "vocab_size": 151674
        """, vision);

    private static string InternVl35(int width, int inner, int layers, int heads, string vision) => InternVl(151671, $$"""
        "model_type": "qwen3", "hidden_size": {{width}}, "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}}, "num_attention_heads": {{heads}},
        "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 40960, "rope_theta": 1000000.0, "vocab_size": 151936
        """, vision);

    private static string Qwen2Vision(int width) => $$"""
        "model_type": "qwen2_vl",
        "vision_config": { "model_type": "qwen2_vl", "depth": 32, "embed_dim": 1280, "hidden_size": {{width}}, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3,
          "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2 }
        """;

    private static string Qwen25(int width, int inner, int layers, int heads, int keyHeads, int words, bool tied, int visionInner) => $$"""
        { "model_type": "qwen2_5_vl",
          "vision_config": { "model_type": "qwen2_5_vl", "depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": {{visionInner}},
            "num_heads": 16, "in_chans": 3, "out_hidden_size": {{width}}, "patch_size": 14, "spatial_merge_size": 2, "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31], "temporal_patch_size": 2 },
          {{Qwen2Text(width, inner, layers, heads, keyHeads, words, tied, most: 128000)}}, {{QwenTokens}} }
        """;

    private static string Qwen2Text(int width, int inner, int layers, int heads, int keyHeads, int words, bool tied, int most = 32768) => $$"""
        "hidden_size": {{width}}, "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}}, "num_attention_heads": {{heads}},
        "num_key_value_heads": {{keyHeads}}, "max_position_embeddings": {{most}}, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0,
        "rope_scaling": { "type": "mrope", "mrope_section": [16, 24, 24] }, "vocab_size": {{words}}, "tie_word_embeddings": {{(tied ? "true" : "false")}}
        """;

    private static string Qwen3(int width, int inner, int layers, int heads, bool tied, string vision) => $$"""
        { "model_type": "qwen3_vl", "tie_word_embeddings": {{(tied ? "true" : "false")}}, {{QwenTokens}},
          "text_config": { "model_type": "qwen3_vl_text", "hidden_size": {{width}}, "intermediate_size": {{inner}}, "num_hidden_layers": {{layers}},
            "num_attention_heads": {{heads}}, "num_key_value_heads": 8, "head_dim": 128, "max_position_embeddings": 262144,
            "rms_norm_eps": 1e-6, "rope_theta": 5000000.0, "rope_scaling": { "rope_type": "default", "mrope_interleaved": true, "mrope_section": [24, 20, 20] },
            "vocab_size": 151936, "attention_bias": false, "hidden_act": "silu", "tie_word_embeddings": {{(tied ? "true" : "false")}} },
          "vision_config": { "model_type": "qwen3_vl", {{vision}}, "hidden_act": "gelu_pytorch_tanh", "num_heads": 16, "in_channels": 3, "patch_size": 16,
            "spatial_merge_size": 2, "temporal_patch_size": 2, "num_position_embeddings": 2304, "out_hidden_size": {{width}} } }
        """;
}
