using System.Text;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-1.5 or LLaVA-NeXT.</summary>
public sealed record LlavaConfig : LlavaConfigBase
{
    // transformers' default tower: CLIP-L at 336 pixels
    private const string UsualVision = """
        { "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 336, "patch_size": 14 }
        """;

    /// <summary>The class token's feature is kept (`full`), or dropped (`default`).</summary>
    public required bool KeepClassToken { get; init; }

    // LLaVA-NeXT's
    internal static IReadOnlyList<(int Height, int Width)> UsualPinpoints { get; } = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)];

    /// <inheritdoc/>
    public override int LeastImageTokens => Vision.GridSize * Vision.GridSize + (KeepClassToken ? 1 : 0);

    /// <inheritdoc/>
    internal override int DroppedFeatures => KeepClassToken ? 0 : 1;

    /// <summary>Parses either family's config.json.</summary>
    /// <exception cref="InvalidInputException">A field is missing, of a wrong kind or out of range.</exception>
    public static LlavaConfig Parse(ConfigReader reader, bool anyResolution)
    {
        ConfigReader? textSection = reader.Section("text_config");
        TextConfig text = TextConfig.Parse(textSection ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json"));
        RopeConfig.RefuseOutside(reader, textSection);
        VisionTowerConfig vision = VisionTowerConfig.Clip(reader.Section("vision_config")
            ?? ConfigReader.Parse(Encoding.UTF8.GetBytes(UsualVision), "config.json"));
        string strategy = reader.Text("vision_feature_select_strategy", "default");
        if (strategy is not ("default" or "full")) throw reader.Error("vision_feature_select_strategy", "must be default or full");
        // a file without this field means true
        if (!reader.Flag("use_image_newline_parameter", true)) throw reader.Error("use_image_newline_parameter", "other than true is not supported");
        if (anyResolution && strategy == "full") throw reader.Error("vision_feature_select_strategy", "full is not supported with LLaVA-NeXT");
        IReadOnlyList<int> states = FeatureLayers.Read(reader, vision.Layers, vision.HiddenSize, -2);
        TileGrid? tiles = anyResolution ? new TileGrid(vision.ImageSize, vision.GridSize, ReadPinpoints(reader, vision, UsualPinpoints)) : null;
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
            Tiles = tiles,
        };
    }

    /// <inheritdoc/>
    internal override VisionTower CreateTower(ParameterScope scope) => new ClipTower(scope, Vision);

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
