using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ProcessorVariantTests
{
    public static TheoryData<string> Names() => Variant.Names("configs", "processor");

    [Theory]
    [MemberData(nameof(Names))]
    public void AProcessorGivesTheReferencePixelsOrIsRefused(string name)
    {
        using TemporaryFolder temporary = new();
        Variant variant = Variant.Open("configs", name);
        string folder = variant.Assemble(temporary);
        variant.Judge(() =>
        {
            ImageProcessor processor = ModelProcessor.Load(folder).Images;
            JsonElement images = variant.Expected.GetProperty("images");
            if (images.ValueKind == JsonValueKind.Array) Llava(variant, processor, [.. images.EnumerateArray().Select(image => image.GetString()!)]);
            else Qwen(processor, images);
        });
    }

    private static void Llava(Variant variant, ImageProcessor processor, string[] names)
    {
        ProcessedImage[] ours = [.. names.Select(file => processor.Process(GoldenPictures.Decode(file, ImageDecodeOptions.Opened)))];
        if (variant.Expected.TryGetProperty("image_tokens_for_first", out JsonElement count) && count.ValueKind == JsonValueKind.Number)
            Assert.Equal(count.GetInt32(), ours[0].Geometry.Tokens);
        if (!variant.Expected.TryGetProperty("pixel_values", out JsonElement stated)) return;
        using SafetensorsFile file = SafetensorsFile.Open(Path.GetFullPath(Path.Combine(variant.Folder, stated.GetProperty("case").GetString()!))
            + ".safetensors");
        using ImageInputs batch = processor.Batch(ours);
        if (file.Entries.ContainsKey("pixel_values_every_third"))
        {
            Tensor expected = file.Read("pixel_values_every_third"), step = batch.PixelValues.slice(2, 0, batch.PixelValues.shape[2], 3).slice(3, 0,
                batch.PixelValues.shape[3], 3);
            Near(expected, step.narrow(0, 0, expected.shape[0]));
            return;
        }
        string[] order = [.. ConfigReader.Open(Path.ChangeExtension(file.Path, ".json")).Element.GetProperty("files").EnumerateArray()
            .Select(entry => entry.GetProperty("file").GetString()!)];
        for (int i = 0; i < names.Length; i++) Near(file.Read("pixel_values").narrow(0, Array.IndexOf(order, names[i]), 1), batch.PixelValues.narrow(0, i, 1));
    }

    private static void Qwen(ImageProcessor processor, JsonElement images)
    {
        foreach (JsonProperty expected in images.EnumerateObject())
        {
            ProcessedImage ours = processor.Process(GoldenPictures.Decode(expected.Name, ImageDecodeOptions.Opened));
            Assert.Equal(expected.Value.GetProperty("image_grid_thw").EnumerateArray().Select(size => size.GetInt32()),
                [1, ours.Geometry.GridHeight, ours.Geometry.GridWidth]);
            double absolute = expected.Value.GetProperty("pixel_abs_sum").GetDouble();
            Assert.InRange(ours.Pixels.Sum(value => (double)value), expected.Value.GetProperty("pixel_sum").GetDouble() - 1e-4 * absolute,
                expected.Value.GetProperty("pixel_sum").GetDouble() + 1e-4 * absolute);
            Assert.InRange(ours.Pixels.Sum(value => (double)Math.Abs(value)), absolute * (1 - 1e-4), absolute * (1 + 1e-4));
        }
    }

    // the images are JPEG files, whose decoders differ by a grey level here and there
    private static void Near(Tensor expected, Tensor ours)
    {
        Assert.Equal(expected.shape, ours.shape);
        Tensor difference = (expected - ours).abs();
        Assert.True(difference.max().item<float>() < 0.05 && difference.mean().item<float>() < 3e-3,
            $"largest {difference.max().item<float>():G3}, mean {difference.mean().item<float>():G3}");
    }
}
