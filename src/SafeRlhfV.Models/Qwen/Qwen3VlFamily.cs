using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Qwen3-VL with a dense decoder (`qwen3_vl`).</summary>
public sealed class Qwen3VlFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen3_vl"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts => QwenKeys.Qwen3Layouts;

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => QwenConfig.Parse(reader, QwenGeneration.Qwen3);

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings) => ((QwenConfig)config).CreateImages(settings);

    /// <inheritdoc/>
    public override string? ImageRefusal(int width, int height) => ImageSizes.SmartRefusal(width, height);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new Qwen3ChatFormat();

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new QwenModel((QwenConfig)config, source);
}
