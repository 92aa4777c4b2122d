using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

/// <summary>Small configurations of models, for the tests of image processors.</summary>
internal static class GoldenConfigs
{
    /// <summary>A LLaVA configuration whose tower takes images of the given side.</summary>
    public static ModelConfig Llava(int side, string pinpoints = "") => ModelConfig.Parse(GoldenPictures.Json(
        $$"""
        {"model_type": "{{(pinpoints == "" ? "llava" : "llava_next")}}", "text_config": {"model_type": "llama", "vocab_size": 64},
         "vision_config": {"model_type": "clip_vision_model", "image_size": {{side}}, "patch_size": 14}{{(pinpoints == "" ? "" : $", \"image_grid_pinpoints\": {pinpoints}")}}}
        """));

    /// <summary>A Qwen configuration whose patches have the given side.</summary>
    public static ModelConfig Qwen(int patch) => ModelConfig.Load(Golden.At("models", patch == 16 ? "qwen3-vl-tiny" : "qwen2-vl-tiny"));
}
