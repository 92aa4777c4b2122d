using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>
/// CLIP's processor, as LLaVA-1.5 uses it: the shortest edge to a size, the centre cut out, values normalised. With `do_pad` (LLaVA's own "pad")
/// the image is first laid on a square in the mean colour.
/// </summary>
public sealed class ClipImageProcessor : ImageProcessor
{
    private readonly ImageProcessorConfig settings;
    private readonly int tokens;
    private readonly int? shortestEdge;
    private readonly (int Height, int Width)? size, crop;
    private readonly bool padsToSquare;

    /// <summary>A processor whose images have the size that the model's tower takes.</summary>
    /// <param name="settings">The processor's settings.</param>
    /// <param name="side">Side of the images that the tower takes, in pixels.</param>
    /// <param name="tokens">Image tokens of one image.</param>
    /// <exception cref="InvalidInputException">A setting is malformed, or the images would have another size.</exception>
    public ClipImageProcessor(ImageProcessorConfig settings, int side, int tokens)
    {
        (this.settings, this.tokens) = (settings, tokens);
        ConfigReader reader = settings.Reader;
        if (reader.Flag("do_resize", true)) (shortestEdge, size) = ReadSize(settings, 224);
        crop = reader.Flag("do_center_crop", true) ? settings.Size("crop_size") ?? (224, 224) : null;
        padsToSquare = settings.Kind == "LlavaImageProcessor" && reader.Flag("do_pad", false);
        if (crop is { } cut ? cut != (side, side) : size != (side, side))
            throw reader.Error(crop is null ? "size" : "crop_size", $"must be the tower's {side} x {side} pixels (vision_config.image_size)");
    }

    /// <summary>`size` as CLIP and LLaVA-NeXT write it: a number or `shortest_edge`, or height and width.</summary>
    internal static (int? ShortestEdge, (int Height, int Width)? Size) ReadSize(ImageProcessorConfig settings, int fallback)
    {
        ConfigReader reader = settings.Reader;
        if (!reader.Has("size")) return (fallback, null);
        if (reader.Element.GetProperty("size").ValueKind == JsonValueKind.Number) return (reader.Int("size", most: MostSide), null);
        ConfigReader section = reader.Section("size")!;
        if (section.Element.EnumerateObject().Select(field => field.Name)
            .FirstOrDefault(name => name is not ("shortest_edge" or "height" or "width")) is { } unknown)
            throw section.Error(unknown, "is not known; give shortest_edge, or height and width");
        return section.Has("shortest_edge") ? (section.Int("shortest_edge", most: MostSide), null) : (null, settings.Size("size"));
    }

    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image)
    {
        RgbImage square = padsToSquare ? Canvas.ToSquare(image, settings.Mean) : image;
        (int height, int width) = shortestEdge is { } edge ? ImageSizes.ShortestEdge(square.Height, square.Width, edge) : size ?? (square.Height, square.Width);
        (int cropHeight, int cropWidth) = crop ?? (height, width);
        RgbImage ready = Resampler.CenterCrop(square, width, height, cropWidth, cropHeight, settings.Filter);
        float[] values = GC.AllocateUninitializedArray<float>(ready.Pixels.Length);
        settings.Normalizer.ToPlanes(ready, values);
        return new ProcessedImage(values, [3, cropHeight, cropWidth], Measure(image.Width, image.Height));
    }

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height) => new(height, width, 1, tokens);
}
