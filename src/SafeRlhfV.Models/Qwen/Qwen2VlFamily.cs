using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Qwen2-VL (`qwen2_vl`) and Qwen2.5-VL (`qwen2_5_vl`).</summary>
public sealed class Qwen2VlFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen2_vl", "qwen2_5_vl"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts => QwenKeys.Layouts;

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) =>
        QwenConfig.Parse(reader, reader.Text("model_type") == "qwen2_vl" ? QwenGeneration.Qwen2 : QwenGeneration.Qwen25);

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings) => ((QwenConfig)config).CreateImages(settings);

    /// <inheritdoc/>
    public override string? ImageRefusal(int width, int height) => ImageSizes.SmartRefusal(width, height);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new Qwen2ChatFormat();

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new QwenModel((QwenConfig)config, source);
}
