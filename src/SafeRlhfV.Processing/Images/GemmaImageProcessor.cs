using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>
/// Gemma 3's processor: an image is squashed to the tower's square. With pan and scan (`do_pan_and_scan`) a long image is also cut into crops, each squashed
/// by itself; the whole image comes first. In the text an image's tokens stand between marks, crops after words that announce them.
/// </summary>
public sealed class GemmaImageProcessor : ImageProcessor
{
    private readonly ImageProcessorConfig settings;
    private readonly PanAndScan? crops;
    private readonly int side, tokens;
    private readonly string start, end;

    /// <summary>A processor whose images have the size that the model's tower takes.</summary>
    /// <param name="settings">The processor's settings.</param>
    /// <param name="side">Side of the images that the tower takes, in pixels.</param>
    /// <param name="tokens">Image tokens of the whole image and of each crop.</param>
    /// <exception cref="InvalidInputException">A setting is malformed, or the images would have another size.</exception>
    public GemmaImageProcessor(ImageProcessorConfig settings, int side, int tokens)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (this.settings, this.side, this.tokens) = (settings.WithDefaults(ResampleFilter.Bilinear, 0.5, 0.5), side, tokens);
        NamedTokens named = new(settings.Folder);
        (start, FeatureToken, end) = (named.Of("boi_token", "<start_of_image>"), named.Of("image_token", "<image_soft_token>"),
            named.Of("eoi_token", "<end_of_image>"));
        ConfigReader reader = settings.Reader;
        if (!reader.Flag("do_resize", true)) throw reader.Error("do_resize", "must be true; the tower takes images of one size");
        if ((settings.Size("size") ?? (224, 224)) != (side, side))
            throw reader.Error("size", $"must be the tower's {side} x {side} pixels (vision_config.image_size)");
        PanAndScan stated = new(reader.Int("pan_and_scan_min_crop_size", 256), reader.Int("pan_and_scan_max_num_crops", 4, most: 1 << 10),
            reader.Number("pan_and_scan_min_ratio_to_activate", 1.2));
        if (reader.Flag("do_pan_and_scan", false)) crops = stated;
    }

    /// <inheritdoc/>
    public override string FeatureToken { get; }

    /// <inheritdoc/>
    public override string TextOf(ImageGeometry image)
    {
        ArgumentNullException.ThrowIfNull(image);
        string block = $"\n\n{start}{new StringBuilder().Insert(0, FeatureToken, tokens)}{end}\n\n";
        return image.Rows == 1 ? block
            : $"Here is the original image {block} and here are some crops to help you see better {string.Join(' ', Enumerable.Repeat(block, image.Rows - 1))}";
    }

    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image)
    {
        IReadOnlyList<PixelRegion> cut = crops?.Crops(image.Width, image.Height) ?? [];
        int length = 3 * side * side;
        float[] values = GC.AllocateUninitializedArray<float>((1 + cut.Count) * length);
        for (int row = 0; row <= cut.Count; row++)
            settings.Normalizer.ToPlanes(Resampler.Resize(row == 0 ? image : Resampler.Crop(image, cut[row - 1]), side, side, settings.Filter),
                values.AsSpan(row * length, length));
        return new ProcessedImage(values, [3, side, side], Measure(image.Width, image.Height));
    }

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height)
    {
        int rows = 1 + (crops?.Crops(width, height).Count ?? 0);
        return new(height, width, rows, rows * tokens);
    }
}
