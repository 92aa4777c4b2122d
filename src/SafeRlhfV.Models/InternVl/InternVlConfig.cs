using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>InternVL3 or InternVL3.5: an InternViT tower, a projector that joins blocks of patches, and a Qwen2, Qwen3 or Llama decoder.</summary>
public sealed record InternVlConfig : LlavaConfigBase
{
    // an image of 640 x 480 with up to 12 tiles: a grid of 4 x 3 and the thumbnail
    private const int UsualTiles = 13;

    /// <summary>What the tower has and what it leaves out.</summary>
    public required InternVlTowerParts Parts { get; init; }

    /// <summary>Side of the square of patches that becomes one image token (1 / downsample_ratio).</summary>
    public required int BlockSize { get; init; }

    /// <inheritdoc/>
    public override int LeastImageTokens => TokensOfTile(Vision.ImageSize)!.Value;

    /// <inheritdoc/>
    public override VisionSizes VisionSizes => base.VisionSizes with
    {
        RowFeatures = Vision.GridSize * Vision.GridSize,
        UsualRows = UsualTiles,
        UsualTokens = UsualTiles * LeastImageTokens,
    };

    /// <inheritdoc/>
    internal override int DroppedFeatures => 1;

    /// <summary>Parses config.json.</summary>
    /// <exception cref="InvalidInputException">A field is malformed, out of range or not supported.</exception>
    public static InternVlConfig Read(ConfigReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        ConfigReader? textSection = reader.Section("text_config");
        ConfigReader textReader = textSection ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json");
        ConfigReader visionReader = reader.Section("vision_config") ?? ConfigReader.Parse("{}"u8.ToArray(), "config.json");
        TextConfig text = TextConfig.Parse(textReader, textReader.Text("model_type", "qwen2"));
        RopeConfig.RefuseOutside(reader, textSection);
        VisionTowerConfig vision = InternVlTowerParts.Sizes(visionReader);
        if (reader.Text("vision_feature_select_strategy", "default") != "default")
            throw reader.Error("vision_feature_select_strategy", "must be default; with the class token the patches form no square");
        IReadOnlyList<int> states = FeatureLayers.Read(reader, vision.Layers, vision.HiddenSize, -1);
        if (states.Count != 1) throw reader.Error("vision_feature_layer", "must name one layer");
        int block = ReadBlock(reader, vision);
        return new InternVlConfig
        {
            ModelType = reader.Text("model_type"),
            Text = text,
            // text_config does not count, and a file that says nothing means true; an output layer among the weights goes before it
            TieWordEmbeddings = reader.Flag("tie_word_embeddings", true),
            ImageTokenId = reader.Int("image_token_id", 151667, least: 0),
            EosTokenIds = reader.Ints("eos_token_id") ?? textSection?.Ints("eos_token_id") ?? [],
            PadTokenId = reader.FirstInt("pad_token_id") ?? textSection?.FirstInt("pad_token_id"),
            Source = reader.Element,
            Vision = vision,
            Parts = InternVlTowerParts.Read(visionReader, takesLastOutput: reader.FirstInt("vision_feature_layer") is null or -1),
            FeatureStates = states,
            ProjectorActivation = reader.Text("projector_hidden_act", "gelu"),
            ProjectorBias = true,
            BlockSize = block,
        };
    }

    /// <summary>Image tokens of a tile of that side; null where its patches cannot be joined.</summary>
    internal int? TokensOfTile(int side)
    {
        int grid = side / Vision.PatchSize;
        return grid > 0 && grid % BlockSize == 0 ? grid / BlockSize * (grid / BlockSize) : null;
    }

    /// <inheritdoc/>
    internal override VisionTower CreateTower(ParameterScope scope) => new InternVlTower(scope, Vision, Parts);

    /// <inheritdoc/>
    internal override LlavaProjector CreateProjector(ParameterScope scope) => new InternVlProjector(scope, this);

    private static int ReadBlock(ConfigReader reader, VisionTowerConfig vision)
    {
        double ratio = reader.Number("downsample_ratio", 0.5);
        int block = ratio is > 0.01 and <= 1 ? (int)Math.Round(1 / ratio) : 0;
        if (block == 0 || block * ratio != 1 || !int.IsPow2(block)) throw reader.Error("downsample_ratio", "must be 1, 0.5, 0.25 and so on");
        if (vision.GridSize % block != 0)
            throw reader.Error("downsample_ratio", $"does not divide the tower's {vision.GridSize} patches along a side into whole squares");
        if ((long)vision.HiddenSize * block * block > 1 << 24) throw reader.Error("downsample_ratio", "with that vision_config.hidden_size is out of range");
        return block;
    }
}
