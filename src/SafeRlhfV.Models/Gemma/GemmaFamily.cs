using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Gemma 3 with its vision tower (`gemma3`).</summary>
public sealed class GemmaFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["gemma3"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts => LlavaKeys.Layouts;

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => GemmaConfig.Read(reader, isGuard: false);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new GemmaChatFormat();

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings) => Images((GemmaConfig)config, settings);

    /// <inheritdoc/>
    public override void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images) =>
        ((GemmaConfig)config).CheckProcessor(processor);

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new GemmaModel((GemmaConfig)config, source);

    /// <summary>The image processor of Gemma 3 and ShieldGemma 2.</summary>
    internal static ImageProcessor Images(GemmaConfig config, ImageProcessorConfig settings)
    {
        settings.RequireKind(config.ModelType, "Gemma3ImageProcessor");
        return new GemmaImageProcessor(settings, config.Vision.ImageSize, config.LeastImageTokens);
    }
}
