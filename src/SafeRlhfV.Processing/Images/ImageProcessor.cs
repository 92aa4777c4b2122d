namespace SafeRlhfV.Processing;

/// <summary>
/// Turns images into a vision tower's values, equal to transformers' PIL-backed image processors. <see cref="Process"/> may be called from many threads at
/// once.
/// </summary>
public abstract class ImageProcessor
{
    /// <summary>The longest side that a processor's settings may ask for.</summary>
    internal const int MostSide = 1 << 14;

    /// <summary>The processor for the images of a conversation that holds so many; some models treat one of several otherwise than a single one.</summary>
    public virtual ImageProcessor ForImages(int count) => this;

    /// <summary>The token that stands in the text for one image feature, where the processor writes an image's text itself; null = it does not.</summary>
    public virtual string? FeatureToken => null;

    /// <summary>What an image's placeholder becomes in the text, with all its image tokens; null = the placeholder is repeated.</summary>
    public virtual string? TextOf(ImageGeometry image) => null;

    /// <summary>One image's values and geometry.</summary>
    /// <exception cref="InvalidInputException">Its sides are in a proportion that the model does not take.</exception>
    public abstract ProcessedImage Process(RgbImage image);

    /// <summary>The geometry that <see cref="Process"/> gives an image of that size, in pixels.</summary>
    /// <exception cref="InvalidInputException">Its sides are in a proportion that the model does not take.</exception>
    public abstract ImageGeometry Measure(int width, int height);
}
