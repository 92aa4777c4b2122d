using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Qwen2-VL, Qwen2.5-VL or Qwen3-VL. The text fields stand at the top (older files) or in text_config.</summary>
public sealed record QwenConfig : ModelConfig
{
    private const int UsualImageTokens = 1024;

    /// <summary>The tower.</summary>
    public required QwenVisionConfig Vision { get; init; }

    /// <inheritdoc/>
    public override int LeastImageTokens => 1;

    /// <inheritdoc/>
    public override VisionSizes VisionSizes => new()
    {
        Layers = Vision.Layers,
        Width = Vision.HiddenSize,
        InnerWidth = Vision.IntermediateSize,
        FeatureWidth = Vision.HiddenSize,
        RowFeatures = 1,
        RowNumbers = Vision.PatchNumbers,
        UsualRows = UsualImageTokens * Vision.MergeSize * Vision.MergeSize,
        UsualTokens = UsualImageTokens,
    };

    /// <summary>Parses either form of config.json.</summary>
    /// <exception cref="InvalidInputException">A field is missing, of a wrong kind or out of range.</exception>
    public static QwenConfig Parse(ConfigReader reader, QwenGeneration generation)
    {
        ConfigReader? section = reader.Section("text_config");
        ConfigReader text = section ?? reader;
        string type = reader.Text("model_type");
        RopeConfig.RefuseOutside(reader, section);
        TextConfig decoder = TextConfig.Parse(text, text.Text("model_type", type));
        QwenVisionConfig vision = QwenVisionConfig.Parse(reader.Section("vision_config"), generation);
        if (vision.OutputSize != decoder.HiddenSize)
            throw reader.Error(generation == QwenGeneration.Qwen2 ? "vision_config.hidden_size" : "vision_config.out_hidden_size",
                $"is {vision.OutputSize}, but the language model's hidden_size is {decoder.HiddenSize}");
        if (vision.DeepStackBlocks.Count > decoder.Layers)
            throw reader.Error("vision_config.deepstack_visual_indexes", $"names more blocks than the language model's {decoder.Layers} layers");
        if (decoder.Rope.Axes is null) throw reader.Error("rope_scaling.mrope_section", "is missing; this family's positions have three axes");
        return new QwenConfig
        {
            ModelType = type,
            Text = decoder,
            // transformers looks for it in both places, but for Qwen3-VL at the top only
            TieWordEmbeddings = reader.Flag("tie_word_embeddings", false) || (generation != QwenGeneration.Qwen3 && text.Flag("tie_word_embeddings", false)),
            ImageTokenId = reader.Int("image_token_id", 151655, least: 0),
            EosTokenIds = reader.Ints("eos_token_id") ?? text.Ints("eos_token_id") ?? [],
            PadTokenId = reader.FirstInt("pad_token_id") ?? text.FirstInt("pad_token_id"),
            Source = reader.Element,
            Vision = vision,
        };
    }

    /// <summary>The image processor of all three generations.</summary>
    internal ImageProcessor CreateImages(ImageProcessorConfig settings)
    {
        settings.RequireKind(ModelType, "Qwen2VLImageProcessor", "Qwen2_5_VLImageProcessor", "Qwen3VLImageProcessor");
        return new QwenImageProcessor(settings, Vision.PatchSize, Vision.MergeSize, Vision.TemporalPatchSize);
    }
}
