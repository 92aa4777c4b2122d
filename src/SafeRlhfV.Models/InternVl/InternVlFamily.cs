using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>InternVL3 and InternVL3.5 in transformers' own form (`internvl`).</summary>
public sealed class InternVlFamily : ModelFamily
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> ModelTypes { get; } = ["internvl"];

    /// <inheritdoc/>
    public override IReadOnlyList<KeyLayout> Layouts { get; } =
    [
        // as on the hub, and as transformers 5 saves a new model
        KeyLayout.FromPrefixes("hub", ("language_model.model.", "language_model.model."), ("language_model.lm_head.", "language_model.lm_head."),
            ("vision_tower.vision_model.", "vision_tower."), ("multi_modal_projector.", "multi_modal_projector.")),
        // as transformers has it in memory
        KeyLayout.FromPrefixes("memory", ("language_model.model.", "model.language_model."), ("language_model.lm_head.", "lm_head."),
            ("vision_tower.vision_model.", "model.vision_tower."), ("multi_modal_projector.", "model.multi_modal_projector.")),
    ];

    /// <inheritdoc/>
    public override ModelConfig ParseConfig(ConfigReader reader) => InternVlConfig.Read(reader);

    /// <inheritdoc/>
    public override ChatFormat? UsualChatFormat => new InternVlChatFormat();

    /// <inheritdoc/>
    public override ImageProcessor CreateImages(ModelConfig config, ImageProcessorConfig settings)
    {
        settings.RequireKind(config.ModelType, "GotOcr2ImageProcessor");
        return new InternVlImageProcessor(settings, ((InternVlConfig)config).TokensOfTile);
    }

    /// <inheritdoc/>
    public override void CheckProcessor(ModelConfig config, ConfigReader processor, ImageProcessor images)
    {
        int tokens = ((InternVlImageProcessor)images).TileTokens;
        if (processor.Int("image_seq_length", 256) is var stated && stated != tokens)
            throw processor.Error("image_seq_length", $"is {stated} (its default where it says nothing is 256), but a tile of the image processor's size gives "
                + $"{tokens} image tokens");
    }

    /// <inheritdoc/>
    public override VisionLanguageModel Create(ModelConfig config, ParameterSource source) => new LlavaModel((InternVlConfig)config, source);
}
