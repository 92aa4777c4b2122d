using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>What the configurations of LLaVA models and InternVL share: a vision tower, a projector of two layers, and tiles.</summary>
public abstract record LlavaConfigBase : ModelConfig
{
    // of a tiled model: the whole image, and two by two tiles
    private const int UsualTiles = 5;

    /// <summary>The tower.</summary>
    public required VisionTowerConfig Vision { get; init; }

    /// <summary>Hidden states of the tower whose features are taken, joined at the last dimension if several; 0 is the first block's input.</summary>
    public required IReadOnlyList<int> FeatureStates { get; init; }

    /// <summary>Activation between the projector's layers.</summary>
    public required string ProjectorActivation { get; init; }

    /// <summary>The projector's layers have biases.</summary>
    public required bool ProjectorBias { get; init; }

    /// <summary>How an image is spread over tiles; null = it is one tile (LLaVA-1.5).</summary>
    public TileGrid? Tiles { get; init; }

    /// <inheritdoc/>
    public override VisionSizes VisionSizes => new()
    {
        Layers = Vision.Layers,
        Width = Vision.HiddenSize,
        InnerWidth = Vision.IntermediateSize,
        FeatureWidth = (long)Vision.HiddenSize * FeatureStates.Count,
        RowFeatures = LeastImageTokens,
        RowNumbers = (long)Vision.Channels * Vision.ImageSize * Vision.ImageSize,
        UsualRows = UsualRows,
        UsualTokens = UsualRows * LeastImageTokens,
    };

    /// <summary>Features at the start of a row that are left out: the class token, where the tower has one and the model does not keep it.</summary>
    internal virtual int DroppedFeatures => 0;

    private int UsualRows => Tiles is null ? 1 : UsualTiles;

    /// <summary>Makes the tower.</summary>
    internal abstract VisionTower CreateTower(ParameterScope scope);

    /// <summary>Makes the projector.</summary>
    internal virtual LlavaProjector CreateProjector(ParameterScope scope) =>
        new(scope, Vision.HiddenSize * FeatureStates.Count, Text.HiddenSize, ProjectorActivation, ProjectorBias);

    /// <summary>Reads the resolutions (height, width) that an image may be spread over.</summary>
    private protected static IReadOnlyList<(int Height, int Width)> ReadPinpoints(ConfigReader reader, VisionTowerConfig vision,
        IReadOnlyList<(int Height, int Width)> usual)
    {
        IReadOnlyList<(int Height, int Width)> pinpoints = reader.Pairs("image_grid_pinpoints") ?? usual;
        if (pinpoints.Count == 0
            || pinpoints.Any(pair => pair.Height < vision.ImageSize || pair.Width < vision.ImageSize || Math.Max(pair.Height, pair.Width) > 1 << 16))
            throw reader.Error("image_grid_pinpoints", $"must be pairs (height, width) of at least the tower's {vision.ImageSize} pixels");
        return pinpoints;
    }
}
