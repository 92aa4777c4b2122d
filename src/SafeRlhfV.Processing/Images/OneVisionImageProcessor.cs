namespace SafeRlhfV.Processing;

/// <summary>
/// LLaVA-OneVision's processor. The only image of a conversation is spread over tiles as LLaVA-NeXT's; one of several is one tile: laid on a square in the
/// mean colour and resized.
/// </summary>
public sealed class OneVisionImageProcessor : ImageProcessor
{
    private readonly LlavaNextImageProcessor tiles;
    private readonly SingleTile single;

    /// <summary>A processor for a model; its tiles and resolutions must be the model's.</summary>
    /// <param name="settings">The processor's settings.</param>
    /// <param name="grid">The model's tiles.</param>
    /// <param name="usualPinpoints">What `image_grid_pinpoints` is where the settings do not say.</param>
    /// <exception cref="InvalidInputException">A setting is malformed, is not supported, or is not the model's.</exception>
    public OneVisionImageProcessor(ImageProcessorConfig settings, TileGrid grid, IReadOnlyList<(int Height, int Width)> usualPinpoints)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(grid);
        if (!settings.Reader.Flag("do_resize", true)) throw settings.Reader.Error("do_resize", "must be true; the tower takes images of one size");
        tiles = new(settings, grid, usualPinpoints, usualSide: 384);
        single = new(settings, grid);
    }

    /// <inheritdoc/>
    public override ImageProcessor ForImages(int count) => count > 1 ? single : this;

    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image) => tiles.Process(image);

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height) => tiles.Measure(width, height);

    private sealed class SingleTile(ImageProcessorConfig settings, TileGrid grid) : ImageProcessor
    {
        public override ProcessedImage Process(RgbImage image)
        {
            int side = grid.TileSize;
            float[] values = GC.AllocateUninitializedArray<float>(3 * side * side);
            settings.Normalizer.ToPlanes(Resampler.Resize(Canvas.ToSquare(image, settings.Mean), side, side, settings.Filter), values);
            return new ProcessedImage(values, [3, side, side], Measure(image.Width, image.Height));
        }

        public override ImageGeometry Measure(int width, int height) => new(height, width, 1, grid.SingleTokens);
    }
}
