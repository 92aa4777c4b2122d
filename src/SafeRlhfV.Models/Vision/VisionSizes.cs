namespace SafeRlhfV.Models;

/// <summary>
/// Sizes of a model's vision side, from which plans count memory and time. An image becomes rows of pixel values: itself (LLaVA-1.5), tiles (LLaVA-NeXT) or
/// patches (Qwen).
/// </summary>
public sealed record VisionSizes
{
    /// <summary>Blocks of the tower.</summary>
    public required int Layers { get; init; }

    /// <summary>Hidden size of the tower.</summary>
    public required long Width { get; init; }

    /// <summary>Inner size of a block's feed-forward part.</summary>
    public required long InnerWidth { get; init; }

    /// <summary>Numbers of one output of the tower, as the projector takes it.</summary>
    public required long FeatureWidth { get; init; }

    /// <summary>Outputs of the tower for one row.</summary>
    public required long RowFeatures { get; init; }

    /// <summary>Numbers of one row.</summary>
    public required long RowNumbers { get; init; }

    /// <summary>Rows of an image of ordinary size.</summary>
    public required int UsualRows { get; init; }

    /// <summary>Text tokens of an image of ordinary size.</summary>
    public required int UsualTokens { get; init; }
}
