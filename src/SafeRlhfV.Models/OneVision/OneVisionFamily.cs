using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-OneVision (`llava_onevision`).</summary>
public sealed class OneVisionFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["llava_onevision"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts => LlavaKeys.Layouts;

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => OneVisionConfig.Read(reader);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new OneVisionChatFormat();

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings)
    {
        settings.RequireKind(config.ModelType, "LlavaOnevisionImageProcessor");
        return new OneVisionImageProcessor(settings, ((OneVisionConfig)config).Tiles!, OneVisionConfig.UsualPinpoints);
    }

    /// <inheritdoc/>
    public override void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images) =>
        ((OneVisionConfig)config).CheckProcessor(processor);

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new LlavaModel((OneVisionConfig)config, source);
}
