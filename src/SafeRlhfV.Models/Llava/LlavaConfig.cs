using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-1.5 or LLaVA-NeXT.</summary>
public sealed record LlavaConfig : ModelConfig
{
    /// <summary>The tower.</summary>
    public required ClipVisionConfig Vision { get; init; }

    /// <summary>Hidden states of the tower whose features are taken, joined at the last dimension if several; 0 is the first block's input.</summary>
    public required IReadOnlyList<int> FeatureStates { get; init; }

    /// <summary>The class token's feature is kept (`full`), or dropped (`default`).</summary>
    public required bool KeepClassToken { get; init; }

    /// <summary>Activation between the projector's layers.</summary>
    public required string ProjectorActivation { get; init; }

    /// <summary>The projector's layers have biases.</summary>
    public required bool ProjectorBias { get; init; }

    /// <summary>LLaVA-NeXT: the resolutions (height, width) that an image may be spread over; empty for LLaVA-1.5.</summary>
    public IReadOnlyList<(int Height, int Width)> GridPinpoints { get; init; } = [];

    /// <inheritdoc/>
    public override int LeastImageTokens => Vision.GridSize * Vision.GridSize + (KeepClassToken ? 1 : 0);

    /// <inheritdoc/>
    public override VisionSizes VisionSizes => new()
    {
        Layers = Vision.Layers,
        Width = Vision.HiddenSize,
        InnerWidth = Vision.IntermediateSize,
        FeatureWidth = (long)Vision.HiddenSize * FeatureStates.Count,
        RowFeatures = LeastImageTokens,
        RowNumbers = (long)Vision.Channels * Vision.ImageSize * Vision.ImageSize,
        UsualRows = UsualTiles,
        UsualTokens = UsualTiles * LeastImageTokens,
    };

    // LLaVA-NeXT: the whole image, and two by two tiles
    private int UsualTiles => GridPinpoints.Count == 0 ? 1 : 5;

    /// <summary>Parses either family's config.json.</summary>
    /// <exception cref="InvalidInputException">A field is missing, of a wrong kind or out of range.</exception>
    public static LlavaConfig Parse(ConfigReader reader, bool anyResolution)
    {
        ConfigReader? textSection = reader.Section("text_config");
        TextConfig text = TextConfig.Parse(textSection ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json"));
        RopeConfig.RefuseOutside(reader, textSection);
        ClipVisionConfig vision = ClipVisionConfig.Parse(reader.Section("vision_config"));
        string strategy = reader.Text("vision_feature_select_strategy", "default");
        if (strategy is not ("default" or "full")) throw reader.Error("vision_feature_select_strategy", "must be default or full");
        // a file without this field means true
        if (!reader.Flag("use_image_newline_parameter", true)) throw reader.Error("use_image_newline_parameter", "other than true is not supported");
        if (anyResolution && strategy == "full") throw reader.Error("vision_feature_select_strategy", "full is not supported with LLaVA-NeXT");
        IReadOnlyList<int> states = FeatureLayers.Read(reader, vision.Layers, vision.HiddenSize, -2);
        IReadOnlyList<(int, int)> pinpoints = anyResolution
            ? reader.Pairs("image_grid_pinpoints") ?? [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)] : [];
        if (anyResolution && (pinpoints.Count == 0
            || pinpoints.Any(pair => pair.Item1 < vision.ImageSize || pair.Item2 < vision.ImageSize || Math.Max(pair.Item1, pair.Item2) > 1 << 16)))
            throw reader.Error("image_grid_pinpoints", $"must be pairs (height, width) of at least the tower's {vision.ImageSize} pixels");
        return new LlavaConfig
        {
            ModelType = reader.Text("model_type"),
            Text = text,
            TieWordEmbeddings = reader.Flag("tie_word_embeddings", false) || (textSection?.Flag("tie_word_embeddings", false) ?? false),
            ImageTokenId = ReadImageToken(reader, 32000),
            EosTokenIds = reader.Ints("eos_token_id") ?? textSection?.Ints("eos_token_id") ?? [],
            PadTokenId = reader.FirstInt("pad_token_id") ?? textSection?.FirstInt("pad_token_id"),
            Source = reader.Element,
            Vision = vision,
            FeatureStates = states,
            KeepClassToken = strategy == "full",
            ProjectorActivation = reader.Text("projector_hidden_act", "gelu"),
            ProjectorBias = reader.Flag("multimodal_projector_bias", true),
            GridPinpoints = pinpoints,
        };
    }

    /// <summary>The id of image tokens: the hub's image_token_index; newer files may say image_token_id.</summary>
    internal static int ReadImageToken(ConfigReader reader, int usual)
    {
        int imageToken = reader.Has("image_token_id") ? reader.Int("image_token_id", least: 0) : reader.Int("image_token_index", usual, least: 0);
        if (reader.Has("image_token_index") && reader.Int("image_token_index", least: 0) != imageToken)
            throw reader.Error("image_token_index", $"is not image_token_id ({imageToken}); leave one of them out");
        return imageToken;
    }

    /// <summary>
    /// Checks processor_config.json against the model: transformers counts image tokens by these two fields, and a model that says otherwise gives another
    /// number of features.
    /// </summary>
    internal void CheckProcessor(ConfigReader processor)
    {
        string strategy = KeepClassToken ? "full" : "default";
        if (processor.Text("vision_feature_select_strategy", strategy) != strategy)
            throw processor.Error("vision_feature_select_strategy", $"is not that of config.json, which says '{strategy}' (its default where it says nothing)");
        if (processor.Int("patch_size", Vision.PatchSize) != Vision.PatchSize)
            throw processor.Error("patch_size", $"is not the tower's {Vision.PatchSize} (vision_config.patch_size)");
    }
}
