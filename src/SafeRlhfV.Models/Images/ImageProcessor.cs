using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Turns pictures into a vision tower's values, equal to transformers' PIL-backed image processors. <see cref="Process"/> may be called from many threads at once.
/// </summary>
public abstract class ImageProcessor
{
    /// <summary>The longest side that a processor's settings may ask for.</summary>
    internal const int MostSide = 1 << 14;

    /// <summary>Loads the processor of a checkpoint folder: `processor_config.json` where it holds one (the newer form), else `preprocessor_config.json`.</summary>
    /// <param name="folder">The checkpoint folder.</param>
    /// <param name="config">The model's configuration.</param>
    /// <param name="overrides">Settings that go before the file's, such as `max_pixels`.</param>
    /// <exception cref="InvalidInputException">The file is missing or malformed, or does not fit the model.</exception>
    public static ImageProcessor Load(string folder, ModelConfig config, JsonObject? overrides = null)
    {
        string file = Path.Combine(folder, "processor_config.json");
        if (config is LlavaConfig llava && File.Exists(file)) RequireSameTokens(ConfigReader.Open(file), llava);
        return Create(ImageProcessorConfig.Load(folder, overrides), config);
    }

    /// <summary>A processor from settings that are already read.</summary>
    /// <exception cref="InvalidInputException">They are malformed or do not fit the model.</exception>
    public static ImageProcessor Parse(ConfigReader settings, ModelConfig config) => Create(ImageProcessorConfig.Parse(settings), config);

    /// <summary>One picture's values and geometry.</summary>
    /// <exception cref="InvalidInputException">Its sides are in a proportion that the model does not take.</exception>
    public abstract ProcessedImage Process(RgbImage image);

    /// <summary>The geometry that <see cref="Process"/> gives a picture of that size, in pixels.</summary>
    /// <exception cref="InvalidInputException">Its sides are in a proportion that the model does not take.</exception>
    public abstract ImageGeometry Measure(int width, int height);

    /// <summary>Several pictures as one input of the vision tower, in order. The caller disposes of it.</summary>
    public ImageInputs Batch(IReadOnlyList<ProcessedImage> images)
    {
        ArgumentOutOfRangeException.ThrowIfZero(images.Count);
        IReadOnlyList<long> row = images[0].RowShape;
        if (images.Any(image => !image.RowShape.SequenceEqual(row))) throw new ArgumentException("the pictures come from different processors", nameof(images));
        Tensor values = empty([images.Sum(image => (long)image.Geometry.Rows), .. row], dtype: ScalarType.Float32);
        Span<byte> bytes = values.bytes;
        foreach (ProcessedImage image in images)
        {
            ReadOnlySpan<byte> part = MemoryMarshal.AsBytes(image.Pixels.AsSpan());
            part.CopyTo(bytes);
            bytes = bytes[part.Length..];
        }
        return new ImageInputs(values.MoveToOuterDisposeScope(), [.. images.Select(image => image.Geometry)]);
    }

    // transformers counts image tokens by these two; a model that says otherwise gets another number of features
    private static void RequireSameTokens(ConfigReader processor, LlavaConfig config)
    {
        string strategy = config.KeepClassToken ? "full" : "default";
        if (processor.Text("vision_feature_select_strategy", strategy) != strategy)
            throw processor.Error("vision_feature_select_strategy", $"is not that of config.json, which says '{strategy}' (its default where it says nothing)");
        if (processor.Int("patch_size", config.Vision.PatchSize) != config.Vision.PatchSize) throw processor.Error("patch_size", $"is not the tower's {config.Vision.PatchSize} (vision_config.patch_size)");
    }

    private static ImageProcessor Create(ImageProcessorConfig settings, ModelConfig config) => (settings.Kind, config) switch
    {
        ("CLIPImageProcessor" or "LlavaImageProcessor" or "", LlavaConfig { GridPinpoints.Count: 0 } llava) => ClipImageProcessor.Create(settings, llava),
        ("LlavaNextImageProcessor" or "", LlavaConfig { GridPinpoints.Count: > 0 } next) => new LlavaNextImageProcessor(settings, next),
        ("Qwen2VLImageProcessor" or "Qwen2_5_VLImageProcessor" or "Qwen3VLImageProcessor" or "", QwenConfig qwen) => new QwenImageProcessor(settings, qwen),
        _ => throw settings.Reader.Error("image_processor_type", $"'{settings.Kind}' is not known with a {config.ModelType} model"),
    };
}
