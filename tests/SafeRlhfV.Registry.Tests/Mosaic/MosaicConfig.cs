using SafeRlhfV.Models;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Registry.Tests;

/// <summary>A Llama decoder that sees an image as a grid of mean colours.</summary>
public sealed record MosaicConfig : ModelConfig
{
    /// <summary>Cells across and down.</summary>
    public required int Grid { get; init; }

    /// <summary>Width of the tower.</summary>
    public required int TowerSize { get; init; }

    /// <inheritdoc/>
    public override int LeastImageTokens => Grid * Grid;

    /// <inheritdoc/>
    public override VisionSizes VisionSizes => new()
    {
        Layers = 1,
        Width = TowerSize,
        InnerWidth = TowerSize,
        FeatureWidth = TowerSize,
        RowFeatures = Grid * Grid,
        RowNumbers = 3 * Grid * Grid,
        UsualRows = 1,
        UsualTokens = Grid * Grid,
    };

    /// <summary>Parses config.json.</summary>
    public static MosaicConfig Of(ConfigReader reader)
    {
        ConfigReader text = reader.Section("text_config") ?? throw reader.Error("text_config", "is missing");
        return new MosaicConfig
        {
            ModelType = reader.Text("model_type"),
            Text = TextConfig.Parse(text),
            TieWordEmbeddings = reader.Flag("tie_word_embeddings", false),
            ImageTokenId = reader.Int("image_token_id", least: 0),
            EosTokenIds = reader.Ints("eos_token_id") ?? [],
            PadTokenId = reader.FirstInt("pad_token_id"),
            Source = reader.Element,
            Grid = reader.Int("grid", most: 64),
            TowerSize = reader.Int("tower_size", most: 1024),
        };
    }
}
