using System.Globalization;
using System.Text;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>LLaVA-OneVision.</summary>
public sealed record OneVisionConfig : LlavaConfigBase
{
    private const string AspectPrefix = "anyres_max_", UsualAspect = "anyres_max_9";

    // transformers' default tower
    private const string UsualVision = """
        { "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 26, "num_attention_heads": 16,
          "image_size": 384, "patch_size": 14, "vision_use_head": false }
        """;

    /// <inheritdoc/>
    public override int LeastImageTokens => Vision.GridSize * Vision.GridSize;

    /// <summary>Parses config.json.</summary>
    /// <exception cref="InvalidInputException">A field is malformed, out of range or not supported.</exception>
    public static OneVisionConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ConfigReader? textSection = reader.Section("text_config");
        ConfigReader textReader = textSection ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json");
        TextConfig text = TextConfig.Parse(textReader, textReader.Text("model_type", "qwen2"));
        RopeConfig.RefuseOutside(reader, textSection);
        VisionTowerConfig vision = VisionTowerConfig.Siglip(reader.Section("vision_config")
            ?? ConfigReader.Parse(Encoding.UTF8.GetBytes(UsualVision), "config.json"));
        if (reader.Text("vision_feature_select_strategy", "full") != "full")
            throw reader.Error("vision_feature_select_strategy", "must be full; the tower has no class token to drop");
        string aspect = reader.Text("vision_aspect_ratio", UsualAspect);
        if (!aspect.StartsWith(AspectPrefix, StringComparison.Ordinal)
            || !int.TryParse(aspect[AspectPrefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int most) || most is < 1 or > 1 << 10)
            throw reader.Error("vision_aspect_ratio", $"is '{aspect}'; anyres_max_N is supported, with N from 1 to {1 << 10}");
        return new OneVisionConfig
        {
            ModelType = reader.Text("model_type"),
            Text = text,
            TieWordEmbeddings = reader.Flag("tie_word_embeddings", false) || (textSection?.Flag("tie_word_embeddings", false) ?? false),
            ImageTokenId = ReadImageToken(reader, 151646),
            EosTokenIds = reader.Ints("eos_token_id") ?? textSection?.Ints("eos_token_id") ?? [],
            PadTokenId = reader.FirstInt("pad_token_id") ?? textSection?.FirstInt("pad_token_id"),
            Source = reader.Element,
            Vision = vision,
            FeatureStates = FeatureLayers.Read(reader, vision.Layers, vision.HiddenSize, -1),
            ProjectorActivation = reader.Text("projector_hidden_act", "gelu"),
            ProjectorBias = reader.Flag("multimodal_projector_bias", true),
            Tiles = new TileGrid(vision.ImageSize, vision.GridSize, ReadPinpoints(reader, vision, UsualPinpoints), most),
        };
    }

    /// <inheritdoc/>
    internal override VisionTower CreateTower(ParameterScope scope) => new SiglipTower(scope, Vision);

    /// <summary>Checks processor_config.json against the model: transformers counts image tokens by these fields.</summary>
    internal void CheckProcessor(ConfigReader processor)
    {
        if (processor.Text("vision_feature_select_strategy", "full") != "full")
            throw processor.Error("vision_feature_select_strategy", "is not that of config.json, which says 'full'");
        if (processor.Text("vision_aspect_ratio", UsualAspect) is var aspect && aspect != $"{AspectPrefix}{Tiles!.MostTiles}")
            throw processor.Error("vision_aspect_ratio", $"is '{aspect}' (its default where it says nothing is {UsualAspect}), config.json says "
                + $"'{AspectPrefix}{Tiles!.MostTiles}'");
        if (processor.Int("num_image_tokens", LeastImageTokens) != LeastImageTokens)
            throw processor.Error("num_image_tokens", $"must be {LeastImageTokens}, the patches of a tile");
    }

    // every multiple of 384 up to six times, in both directions
    internal static IReadOnlyList<(int Height, int Width)> UsualPinpoints { get; } =
        [.. Enumerable.Range(1, 6).SelectMany(down => Enumerable.Range(1, 6).Select(across => (384 * down, 384 * across)))];
}
