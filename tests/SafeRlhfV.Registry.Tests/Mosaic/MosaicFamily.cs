using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Registry.Tests;

/// <summary>The family `mosaic`.</summary>
public sealed class MosaicFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["mosaic"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts { get; } =
        [KeyLayout.FromPrefixes("plain", ("tower.", "tower."), ("projector.", "projector."), ("model.", "model."), ("lm_head.", "lm_head."))];

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new VicunaChatFormat();

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => MosaicConfig.Of(reader);

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings)
    {
        settings.RequireKind(config.ModelType, "MosaicImageProcessor");
        return new MosaicImageProcessor(((MosaicConfig)config).Grid);
    }

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new MosaicModel((MosaicConfig)config, source);
}
