using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-NeXT (`llava_next`).</summary>
public sealed class LlavaNextFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["llava_next"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts => LlavaKeys.Layouts;

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => LlavaConfig.Parse(reader, anyResolution: true);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new VicunaChatFormat();

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings)
    {
        settings.RequireKind(config.ModelType, "LlavaNextImageProcessor");
        return new LlavaNextImageProcessor(settings, ((LlavaConfig)config).Tiles!, LlavaConfig.UsualPinpoints);
    }

    /// <inheritdoc/>
    public override void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images) =>
        ((LlavaConfig)config).CheckProcessor(processor);

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new LlavaModel((LlavaConfig)config, source);
}
