using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Makes the image processor that belongs to a model, and turns what it gives into tensors.</summary>
public static class ImageProcessors
{
    extension(ImageProcessor)
    {
        /// <summary>
        /// Loads the processor of a checkpoint folder: `processor_config.json` where it holds one (the newer form), else `preprocessor_config.json`.
        /// </summary>
        /// <param name="folder">The checkpoint folder.</param>
        /// <param name="config">The model's configuration.</param>
        /// <param name="overrides">Settings that go before the file's, such as `max_pixels`.</param>
        /// <exception cref="InvalidInputException">The file is missing or malformed, or does not fit the model.</exception>
        public static ImageProcessor Load(string folder, ModelConfig config, JsonObject? overrides = null)
        {
            string file = Path.Combine(folder, "processor_config.json");
            ImageProcessor images = config.Family.CreateImages(config, ImageProcessorConfig.Load(folder, overrides));
            if (File.Exists(file)) config.Family.CheckProcessor(config, ConfigReader.Open(file), images);
            return images;
        }

        /// <summary>A processor from settings that are already read.</summary>
        /// <exception cref="InvalidInputException">They are malformed or do not fit the model.</exception>
        public static ImageProcessor Parse(ConfigReader settings, ModelConfig config) => config.Family.CreateImages(config,
            ImageProcessorConfig.Parse(settings));
    }

    /// <summary>Several images as one input of the vision tower, in order. The caller disposes of it.</summary>
    public static ImageInputs Batch(this ImageProcessor processor, IReadOnlyList<ProcessedImage> images)
    {
        ArgumentNullException.ThrowIfNull(processor);
        ArgumentOutOfRangeException.ThrowIfZero(images.Count);
        IReadOnlyList<long> row = images[0].RowShape;
        if (images.Any(image => !image.RowShape.SequenceEqual(row))) throw new ArgumentException("the images come from different processors", nameof(images));
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
}
