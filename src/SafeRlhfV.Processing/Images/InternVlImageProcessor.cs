namespace SafeRlhfV.Processing;

/// <summary>
/// InternVL's processor (`GotOcr2ImageProcessor` as `InternVLProcessor` calls it): the image is squeezed to a grid of tiles, which are cut apart row by row;
/// the whole image as one tile comes last where there are several.
/// </summary>
/// <remarks>
/// Whatever the file says of `crop_to_patches`, images are cut into tiles: `InternVLProcessor` asks for it itself. Only a caller turns it off.
/// </remarks>
public sealed class InternVlImageProcessor : ImageProcessor
{
    private const int MostTiles = 1 << 10;

    private readonly ImageProcessorConfig settings;
    private readonly int side;
    private readonly AspectGrid grid;
    private readonly string start, end;

    /// <summary>A processor for a model.</summary>
    /// <param name="settings">The processor's settings.</param>
    /// <param name="tokensOfTile">Image tokens of a tile by its side in pixels; null where the model does not take such tiles.</param>
    /// <exception cref="InvalidInputException">A setting is malformed, is not supported, or does not go with the model.</exception>
    public InternVlImageProcessor(ImageProcessorConfig settings, Func<int, int?> tokensOfTile)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(tokensOfTile);
        this.settings = settings;
        NamedTokens named = new(settings.Folder);
        (start, FeatureToken, end) = (named.Of("start_image_token", "<img>"), named.Of("context_image_token", "<IMG_CONTEXT>"),
            named.Of("end_image_token", "</img>"));
        ConfigReader reader = settings.Reader;
        if (!reader.Flag("do_resize", true)) throw reader.Error("do_resize", "must be true; tiles are resized to one size");
        (side, int width) = settings.Size("size") ?? (384, 384);
        if (side != width) throw reader.Error("size", "must have equal height and width; only square tiles are supported");
        if (reader.Flag("do_center_crop", false) && settings.Size("crop_size") != (side, side))
            throw reader.Error("do_center_crop", $"must be false unless crop_size is the tile's {side} x {side} pixels; cropped tiles are not supported");
        TileTokens = tokensOfTile(side)
            ?? throw reader.Error("size", $"is {side}, whose patches the model cannot join; vision_config.patch_size and downsample_ratio say what it takes");
        bool crops = !settings.Given.Contains("crop_to_patches") || reader.Flag("crop_to_patches", true);
        grid = crops ? new(side, reader.Int("min_patches", 1, most: MostTiles), reader.Int("max_patches", 12, most: MostTiles)) : new(side, 1, 1);
    }

    /// <summary>Image tokens of one tile.</summary>
    public int TileTokens { get; }

    /// <inheritdoc/>
    public override string FeatureToken { get; }

    /// <inheritdoc/>
    public override string TextOf(ImageGeometry image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return start + string.Concat(Enumerable.Repeat(FeatureToken, image.Tokens)) + end;
    }

    /// <summary>Columns and rows of tiles that an image of that size is cut into.</summary>
    public (int Columns, int Rows) GridOf(int width, int height) => grid.Of(width, height);

    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        (int columns, int rows) = GridOf(image.Width, image.Height);
        ImageGeometry geometry = Measure(image.Width, image.Height);
        int length = 3 * side * side, at = 0;
        float[] values = GC.AllocateUninitializedArray<float>(geometry.Rows * length);
        if (geometry.Rows > 1)
        {
            RgbImage spread = Resampler.Resize(image, columns * side, rows * side, settings.Filter);
            for (int top = 0; top < spread.Height; top += side)
                for (int left = 0; left < spread.Width; left += side, at += length)
                    settings.Normalizer.ToPlanes(Resampler.Crop(spread, new PixelRegion(left, top, side, side)), values.AsSpan(at, length));
        }
        settings.Normalizer.ToPlanes(Resampler.Resize(image, side, side, settings.Filter), values.AsSpan(at, length));
        return new ProcessedImage(values, [3, side, side], geometry);
    }

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height)
    {
        (int columns, int rows) = GridOf(width, height);
        int tiles = AspectGrid.Tiles(columns, rows);
        return new(height, width, tiles, tiles * TileTokens);
    }
}
