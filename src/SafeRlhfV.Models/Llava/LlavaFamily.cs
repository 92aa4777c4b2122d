using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-1.5 (`llava`).</summary>
public sealed class LlavaFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["llava"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts => LlavaKeys.Layouts;

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => LlavaConfig.Parse(reader, anyResolution: false);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new VicunaChatFormat();

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings)
    {
        settings.RequireKind(config.ModelType, "CLIPImageProcessor", "LlavaImageProcessor");
        return new ClipImageProcessor(settings, ((LlavaConfig)config).Vision.ImageSize, config.LeastImageTokens);
    }

    /// <inheritdoc/>
    public override void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images) =>
        ((LlavaConfig)config).CheckProcessor(processor);

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new LlavaModel((LlavaConfig)config, source);
}
