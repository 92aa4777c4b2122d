using System.Text;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>Settings of models that recipes name, so that a plan needs no download. They are found by the folder's name, as the hub calls the model.</summary>
internal static class KnownModels
{
    private const string Clip = """ "vision_config": { "model_type": "clip_vision_model", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336, "patch_size": 14 }, "vision_feature_layer": -2, "vision_feature_select_strategy": "default" """;

    private const string Qwen = """ "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28, "num_key_value_heads": 4, "max_position_embeddings": 32768, "rms_norm_eps": 1e-6, "rope_theta": 1000000.0, "rope_scaling": { "type": "mrope", "mrope_section": [16, 24, 24] }, "vocab_size": 152064, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "image_token_id": 151655, "video_token_id": 151656, "vision_start_token_id": 151652, "vision_end_token_id": 151653 """;

    private static readonly Dictionary<string, string> Configs = new(StringComparer.OrdinalIgnoreCase)
    {
        ["llava-1.5-7b-hf"] = $$"""{ "model_type": "llava", "torch_dtype": "float16", "image_token_index": 32000, "pad_token_id": 32001, "text_config": { "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32, "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "vocab_size": 32064 },{{Clip}}}""",
        ["llava-v1.6-mistral-7b-hf"] = $$"""{ "model_type": "llava_next", "torch_dtype": "float16", "image_token_index": 32000, "pad_token_id": 32001, "image_grid_pinpoints": [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]], "text_config": { "model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "max_position_embeddings": 32768, "rms_norm_eps": 1e-5, "rope_theta": 1000000.0, "vocab_size": 32064 },{{Clip}}}""",
        ["Qwen2-VL-7B-Instruct"] = $$"""{ "model_type": "qwen2_vl", "vision_config": { "model_type": "qwen2_vl", "depth": 32, "embed_dim": 1280, "hidden_size": 3584, "mlp_ratio": 4, "num_heads": 16, "in_chans": 3, "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2 },{{Qwen}}}""",
        ["Qwen2.5-VL-7B-Instruct"] = $$"""{ "model_type": "qwen2_5_vl", "vision_config": { "model_type": "qwen2_5_vl", "depth": 32, "hidden_act": "silu", "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16, "in_chans": 3, "out_hidden_size": 3584, "patch_size": 14, "spatial_merge_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31], "temporal_patch_size": 2 },{{Qwen}}}""",
    };

    /// <summary>Names of the models.</summary>
    public static IReadOnlyCollection<string> Names => Configs.Keys;

    /// <summary>The settings of a model by its folder's name; null if it is not known.</summary>
    public static ModelConfig? Find(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        return Configs.TryGetValue(name, out string? json) ? ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(json), name)) : null;
    }
}
