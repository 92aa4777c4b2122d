namespace SafeRlhfV.Processing;

/// <summary>
/// LLaVA-NeXT's processor: the whole image squeezed to one tile, then the image spread over the tiles of the best resolution, centred on black.
/// </summary>
public sealed class LlavaNextImageProcessor : ImageProcessor
{
    private readonly ImageProcessorConfig settings;
    private readonly TileGrid grid;
    private readonly int side;

    /// <summary>A processor for a model; its tiles and resolutions must be the model's.</summary>
    /// <param name="settings">The processor's settings.</param>
    /// <param name="grid">The model's tiles.</param>
    /// <param name="usualPinpoints">What `image_grid_pinpoints` is where the settings do not say.</param>
    /// <param name="usualSide">What `size` is where the settings do not say, in pixels.</param>
    /// <exception cref="InvalidInputException">A setting is malformed or is not the model's.</exception>
    public LlavaNextImageProcessor(ImageProcessorConfig settings, TileGrid grid, IReadOnlyList<(int Height, int Width)> usualPinpoints,
        int usualSide = 336)
    {
        (this.settings, this.grid, side) = (settings, grid, grid.TileSize);
        (int? edge, (int, int)? size) = ClipImageProcessor.ReadSize(settings, usualSide);
        if (edge is { } square ? square != side : size != (side, side))
            throw settings.Reader.Error("size", $"must be the tower's {side} pixels (vision_config.image_size)");
        if (settings.Size("crop_size") is { } crop && crop != (side, side))
            throw settings.Reader.Error("crop_size", $"must be the tower's {side} x {side} pixels (vision_config.image_size)");
        IReadOnlyList<(int, int)>? pinpoints = settings.Reader.Pairs("image_grid_pinpoints");
        if (!(pinpoints ?? usualPinpoints).SequenceEqual(grid.Pinpoints))
            throw settings.Reader.Error("image_grid_pinpoints",
                pinpoints is null ? "are missing, and their default is not what config.json says; copy those of config.json" : "are not those of config.json");
        if (grid.Pinpoints.Any(pair => pair.Height % side != 0 || pair.Width % side != 0))
            throw settings.Reader.Error("image_grid_pinpoints", $"must be multiples of the tower's {side} pixels");
    }

    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image)
    {
        (int height, int width) = AnyResolution.BestResolution(image.Height, image.Width, grid.Pinpoints);
        (int innerHeight, int innerWidth) = ImageSizes.Inside(image.Height, image.Width, height, width);
        RgbImage inner = Resampler.Resize(image, innerWidth, innerHeight, settings.Filter);
        RgbImage spread = Canvas.Lay(inner, (width - innerWidth) / 2, (height - innerHeight) / 2, width, height, (0, 0, 0));
        ImageGeometry geometry = Measure(image.Width, image.Height);
        int length = 3 * side * side;
        float[] values = GC.AllocateUninitializedArray<float>(geometry.Rows * length);
        settings.Normalizer.ToPlanes(Resampler.Resize(image, side, side, settings.Filter), values.AsSpan(0, length));
        int at = length;
        for (int top = 0; top < height; top += side)
            for (int left = 0; left < width; left += side, at += length)
                settings.Normalizer.ToPlanes(Resampler.Crop(spread, new PixelRegion(left, top, side, side)), values.AsSpan(at, length));
        return new ProcessedImage(values, [3, side, side], geometry);
    }

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height) =>
        new(height, width, AnyResolution.Tiles(height, width, grid.Pinpoints, side), grid.Tokens(height, width));
}
