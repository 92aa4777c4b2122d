using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Processing;

/// <summary>
/// The processors of image classifiers: ViT, DeiT, BEiT, CLIP, BiT, SigLIP, ConvNeXt and EfficientNet, each as its `preprocessor_config.json` describes it.
/// Values are those of transformers' PIL-backed processors. Nothing is guessed: size, filter, means and deviations must stand in the file.
/// </summary>
public sealed class ClassifierImageProcessor
{
    /// <summary>From this shortest edge on, ConvNeXt squashes instead of cutting.</summary>
    private const int SquashedEdge = 384;

    private static readonly string[] Kinds = ["ViT", "Deit", "DeiT", "Beit", "CLIP", "Bit", "Siglip", "ConvNext", "EfficientNet"];

    private readonly ResampleFilter filter;
    private readonly PixelNormalizer normalizer;
    private readonly int? shortestEdge;
    private readonly (int Height, int Width)? size, crop;

    private ClassifierImageProcessor(ImageProcessorConfig settings, string kind)
    {
        ConfigReader reader = settings.Reader;
        if (reader.Flag("do_resize", true))
        {
            filter = settings.Filter;
            Need(reader, "resample", "size");
            (shortestEdge, size) = ReadSize(settings, kind);
        }
        bool cuts = reader.Flag("do_center_crop", kind is "DeiT" or "Deit" or "Beit" or "CLIP" or "Bit") && kind is not ("ViT" or "Siglip" or "ConvNext");
        if (cuts) Need(reader, "crop_size");
        crop = cuts ? settings.Size("crop_size") : null;
        if (kind == "ConvNext" && shortestEdge is { } edge)
        {
            (shortestEdge, size, crop) = edge < SquashedEdge
                ? ((int?)(edge / Fraction(reader)), ((int, int)?)null, ((int, int)?)(edge, edge))
                : (null, (edge, edge), null);
        }
        bool normalizes = reader.Flag("do_normalize", true), isEfficient = kind == "EfficientNet";
        if (normalizes) Need(reader, "image_mean", "image_std");
        if (reader.Flag("do_rescale", true) is var rescales && isEfficient) Need(reader, "rescale_factor");
        double[] deviation = normalizes ? [.. reader.Numbers("image_std")!] : [];
        normalizer = new(
            rescales ? reader.Number("rescale_factor", 1.0 / 255) : null, normalizes ? settings.Mean : null, normalizes ? deviation : null,
            isOffset: isEfficient && rescales && reader.Flag("rescale_offset", false),
            divideBy: isEfficient && normalizes && reader.Flag("include_top", true) ? deviation : null);
    }

    /// <summary>Reads the `preprocessor_config.json` of a folder.</summary>
    /// <exception cref="InvalidInputException">It is missing or malformed, or its processor is not known here.</exception>
    public static ClassifierImageProcessor Load(string folder) => Of(ImageProcessorConfig.Load(folder, new JsonObject()));

    /// <summary>The processor that settings describe.</summary>
    /// <exception cref="InvalidInputException">A field is missing or malformed, or the processor is not known here.</exception>
    public static ClassifierImageProcessor Of(ImageProcessorConfig settings)
    {
        ConfigReader reader = settings.Reader;
        string kind = settings.Kind.EndsWith("ImageProcessor", StringComparison.Ordinal) ? settings.Kind[..^"ImageProcessor".Length] : settings.Kind;
        string field = reader.Has("image_processor_type") || !reader.Has("feature_extractor_type") ? "image_processor_type" : "feature_extractor_type";
        if (!Kinds.Contains(kind))
            throw reader.Error(field,
                $"'{settings.Kind}' is no image processor of classifiers that is known here ({string.Join(", ", Kinds.Except(["Deit"]))})");
        foreach (JsonProperty other in reader.Element.EnumerateObject())
            if (other.Name.StartsWith("do_", StringComparison.Ordinal) && other.Value.ValueKind == JsonValueKind.True
                && other.Name is not ("do_resize" or "do_rescale" or "do_normalize" or "do_center_crop" or "do_convert_rgb"))
                throw reader.Error(other.Name, "asks for a step that is not supported here");
        return new(settings, kind);
    }

    /// <summary>Height and width of what <see cref="Process"/> gives; null where it depends on the image.</summary>
    public (int Height, int Width)? OutputSize => crop ?? size;

    /// <summary>One image's values, [3, height, width].</summary>
    /// <returns>The values, and their height and width.</returns>
    public (float[] Values, int Height, int Width) Process(RgbImage image)
    {
        (int height, int width) = shortestEdge is { } edge ? ImageSizes.ShortestEdge(image.Height, image.Width, edge) : size ?? (image.Height, image.Width);
        (int cropHeight, int cropWidth) = crop ?? (height, width);
        RgbImage ready = Resampler.CenterCrop(image, width, height, cropWidth, cropHeight, filter);
        float[] values = GC.AllocateUninitializedArray<float>(ready.Pixels.Length);
        normalizer.ToPlanes(ready, values);
        return (values, cropHeight, cropWidth);
    }

    // a bare number is the shortest edge for CLIP, BiT and ConvNeXt, a square for the others
    private static (int? ShortestEdge, (int Height, int Width)? Size) ReadSize(ImageProcessorConfig settings, string kind) =>
        kind is "CLIP" or "Bit" or "ConvNext" ? ClipImageProcessor.ReadSize(settings, 0) : (null, settings.Size("size"));

    private static double Fraction(ConfigReader reader)
    {
        double fraction = reader.Number("crop_pct", 224.0 / 256);
        return fraction is > 0 and <= 1 ? fraction : throw reader.Error("crop_pct", "must lie in 0..1, above 0");
    }

    private static void Need(ConfigReader reader, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
            if (!reader.Has(name)) throw reader.Error(name, "is missing; copy the file from the model's folder");
    }
}
