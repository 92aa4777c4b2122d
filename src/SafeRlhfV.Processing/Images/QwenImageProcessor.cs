namespace SafeRlhfV.Processing;

/// <summary>The Qwen-VL families' processor: a size that patches and their merging divide, then patches in the order in which they are merged.</summary>
public sealed class QwenImageProcessor : ImageProcessor
{
    private static readonly string[] Limits = ["shortest_edge", "longest_edge", "min_pixels", "max_pixels"];

    private readonly ImageProcessorConfig settings;
    private readonly int patch, merge, frames;
    private readonly long minPixels, maxPixels;
    private readonly bool resizes;

    /// <summary>A processor for a model; its patches must be the model's.</summary>
    /// <param name="settings">The processor's settings.</param>
    /// <param name="patchSize">Side of the tower's patches, in pixels.</param>
    /// <param name="mergeSize">Patches along the side of one image token.</param>
    /// <param name="temporalPatchSize">Frames of one patch.</param>
    /// <exception cref="InvalidInputException">A setting is malformed or is not the model's.</exception>
    public QwenImageProcessor(ImageProcessorConfig settings, int patchSize, int mergeSize, int temporalPatchSize)
    {
        this.settings = settings;
        ConfigReader reader = settings.Reader;
        (patch, merge, frames) = (reader.Int("patch_size", 14, most: 256), reader.Int("merge_size", 2, most: 16),
            reader.Int("temporal_patch_size", 2, most: 16));
        resizes = reader.Flag("do_resize", true);
        // min_pixels and max_pixels are the older names, beside size or in it; what a caller overrides stands beside it
        ConfigReader? size = reader.Section("size");
        if (size?.Element.EnumerateObject().Select(field => field.Name).FirstOrDefault(name => !Limits.Contains(name)) is { } unknown)
            throw size.Error(unknown, $"is not known; known are {string.Join(", ", Limits)}");
        minPixels = Bound(reader, size, "min_pixels", "shortest_edge", 56 * 56);
        maxPixels = Bound(reader, size, "max_pixels", "longest_edge", 28 * 28 * 1280);
        if (maxPixels < minPixels) throw reader.Error("max_pixels", $"{maxPixels} is below min_pixels {minPixels}");
        Expect("patch_size", patch, patchSize);
        Expect("merge_size", merge, mergeSize);
        Expect("temporal_patch_size", frames, temporalPatchSize);
    }

    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image)
    {
        ImageGeometry geometry = Measure(image.Width, image.Height);
        (int rows, int columns, int length) = (geometry.GridHeight, geometry.GridWidth, 3 * frames * patch * patch);
        RgbImage ready = Resampler.Resize(image, columns * patch, rows * patch, settings.Filter);
        float[] values = GC.AllocateUninitializedArray<float>(checked(rows * columns * length));
        int at = 0;
        for (int blockRow = 0; blockRow < rows; blockRow += merge)
            for (int blockColumn = 0; blockColumn < columns; blockColumn += merge)
                for (int row = blockRow; row < blockRow + merge; row++)
                    for (int column = blockColumn; column < blockColumn + merge; column++, at += length)
                        Patch(ready, row * patch, column * patch, values.AsSpan(at, length));
        return new ProcessedImage(values, [length], geometry);
    }

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height)
    {
        int factor = patch * merge;
        (int down, int across) = resizes ? ImageSizes.Smart(height, width, factor, minPixels, maxPixels) : (height, width);
        if (down % factor != 0 || across % factor != 0)
            throw new InvalidInputException($"the image is {width} x {height} pixels, no multiples of {factor}, and do_resize is false; resize it before.");
        (int rows, int columns) = (down / patch, across / patch);
        return new ImageGeometry(height, width, rows * columns, rows * columns / (merge * merge), rows, columns);
    }

    // [3, T, p, p]: a still image is T equal frames
    private void Patch(RgbImage image, int top, int left, Span<float> values)
    {
        (float[] red, float[] green, float[] blue) = settings.Normalizer.Tables;
        int area = patch * patch, channel = frames * area, at = 0;
        for (int y = 0; y < patch; y++)
        {
            ReadOnlySpan<byte> row = image.Pixels.AsSpan(((top + y) * image.Width + left) * 3, patch * 3);
            for (int x = 0; x < row.Length; x += 3, at++)
            {
                values[at] = red[row[x]];
                values[channel + at] = green[row[x + 1]];
                values[2 * channel + at] = blue[row[x + 2]];
            }
        }
        for (int plane = 0; plane < 3 * channel; plane += channel)
            for (int frame = 1; frame < frames; frame++)
                values.Slice(plane, area).CopyTo(values[(plane + frame * area)..]);
    }

    private static long Bound(ConfigReader reader, ConfigReader? size, string older, string newer, int fallback) =>
        reader.Has(older) ? reader.Int(older, most: 1 << 28) : size is null ? fallback : size.Has(newer)
            ? size.Int(newer, most: 1 << 28)
            : size.Int(older, fallback, most: 1 << 28);

    private void Expect(string name, int value, int expected)
    {
        if (value != expected) throw settings.Reader.Error(name, $"is {value}, but the tower's is {expected} (vision_config)");
    }
}
