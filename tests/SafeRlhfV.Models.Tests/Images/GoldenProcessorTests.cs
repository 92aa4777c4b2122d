using System.Text.Json;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class GoldenProcessorTests
{
    private static readonly GoldenTensors Tensors = new(Golden.At("processors", "processors.safetensors"));

    [Fact]
    public void ClipGivesTheReferencesValues()
    {
        foreach (JsonElement entry in Cases("clip"))
        {
            int size = entry.GetProperty("size").GetInt32();
            ImageProcessor processor = ImageProcessor.Parse(GoldenPictures.Json($$"""
                {"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": {{size}}}, "crop_size": {"height": {{size}}, "width": {{size}} } }
                """), GoldenConfigs.Llava(size));
            Check(entry, processor);
        }
    }

    [Fact]
    public void PaddingToASquareGivesTheReferencesValues()
    {
        foreach (JsonElement entry in Cases("llava_pad"))
        {
            int size = entry.GetProperty("size").GetInt32();
            Check(entry, ImageProcessor.Parse(GoldenPictures.Json($$"""
                {"image_processor_type": "LlavaImageProcessorFast", "do_pad": true, "size": {"shortest_edge": {{size}}}, "crop_size": {{size}}}
                """), GoldenConfigs.Llava(size)));
        }
    }

    [Fact]
    public void AnyResolutionGivesTheReferencesValues()
    {
        foreach (JsonElement entry in Cases("llava_next"))
        {
            ProcessedImage? processed = Check(entry, Next(entry.GetProperty("size").GetInt32(), entry.GetProperty("pinpoints").ToString()));
            if (processed is null) continue;
            int length = (int)processed.RowShape.Aggregate((product, size) => product * size), tile = 0;
            foreach (JsonElement hash in entry.GetProperty("tile_sha256_f32").EnumerateArray())
                Assert.Equal(hash.GetString(), GoldenPictures.Hash(processed.Pixels.AsSpan(length * tile++, length)));
            Assert.Equal(processed.Geometry.Rows, tile);
        }
    }

    [Fact]
    public void QwenGivesTheReferencesValues()
    {
        foreach (JsonElement entry in Cases("qwen2_vl"))
        {
            ProcessedImage? processed = Check(entry, Qwen(entry));
            if (processed is null) continue;
            Assert.Equal(entry.GetProperty("grid_thw").EnumerateArray().Select(size => size.GetInt32()),
                [1, processed.Geometry.GridHeight, processed.Geometry.GridWidth]);
            Assert.Equal(entry.GetProperty("image_tokens").GetInt32(), processed.Geometry.Tokens);
        }
    }

    [Fact]
    public void BatchesHoldTheImagesOneAfterAnother()
    {
        JsonElement qwen = Cases("qwen2_vl").First(entry => entry.GetProperty("config").GetString() == "qwen2_vl_small");
        string pinpoints = Cases("llava_next").First(entry => entry.GetProperty("size").GetInt32() == 56).GetProperty("pinpoints").ToString();
        foreach (JsonElement entry in Cases("batches"))
        {
            bool isNext = entry.GetProperty("processor").GetString() == "llava_next";
            ImageProcessor processor = isNext ? Next(entry.GetProperty("size").GetInt32(), pinpoints) : Qwen(qwen);
            (RgbImage Image, bool IsExact)[] images =
                [.. entry.GetProperty("images").EnumerateArray().Select(image => GoldenPictures.OnWhite(image.GetString()!))];
            using ImageInputs batch = processor.Batch([.. images.Select(picture => processor.Process(picture.Image))]);
            Assert.Equal(images.Select(picture => (picture.Image.Height, picture.Image.Width)), batch.Images.Select(image => (image.Height, image.Width)));
            Assert.Equal(batch.PixelValues.shape[0], batch.Images.Sum(image => image.Rows));
            float[] values = batch.PixelValues.data<float>().ToArray();
            if (isNext) values = WithZeroTiles(values, batch.Images, entry.GetProperty("shape")[1].GetInt32());
            if (images.All(picture => picture.IsExact)) Assert.Equal(entry.GetProperty("sha256_f32").GetString(), GoldenPictures.Hash(values));
        }
    }

    // the reference fills images of fewer tiles with zeros; here the batch holds only what there is
    private static float[] WithZeroTiles(float[] values, IReadOnlyList<ImageGeometry> images, int most)
    {
        int length = values.Length / images.Sum(image => image.Rows), from = 0, to = 0;
        float[] filled = new float[images.Count * most * length];
        foreach (ImageGeometry image in images)
        {
            values.AsSpan(from, image.Rows * length).CopyTo(filled.AsSpan(to));
            (from, to) = (from + image.Rows * length, to + most * length);
        }
        return filled;
    }

    private static ImageProcessor Next(int size, string pinpoints) => ImageProcessor.Parse(GoldenPictures.Json($$"""
        {"image_processor_type": "LlavaNextImageProcessor", "size": {"shortest_edge": {{size}}}, "crop_size": {{size}}, "image_grid_pinpoints": {{pinpoints}}}
        """), GoldenConfigs.Llava(size, pinpoints));

    private static ImageProcessor Qwen(JsonElement entry) => ImageProcessor.Parse(GoldenPictures.Json($$"""
        {"image_processor_type": "Qwen2VLImageProcessor", "patch_size": {{entry.GetProperty("patch_size")}}, "merge_size": {{entry.GetProperty("merge_size")}},
         "temporal_patch_size": {{entry.GetProperty("temporal_patch_size")}}, "min_pixels": {{entry.GetProperty("min_pixels")}}, "max_pixels": {{entry.GetProperty("max_pixels")}},
         "image_mean": {{entry.GetProperty("image_mean")}}, "image_std": {{entry.GetProperty("image_std")}}}
        """), GoldenConfigs.Qwen(entry.GetProperty("patch_size").GetInt32()));

    private static JsonElement.ArrayEnumerator Cases(string kind)
    {
        JsonElement cases = GoldenPictures.Index.GetProperty("processors").GetProperty(kind);
        Assert.NotEqual(0, cases.GetArrayLength());
        return cases.EnumerateArray();
    }

    // sixteen-bit.png is left out: the reference there is a quirk of its loader (all white), see the README of the reference data
    private static ProcessedImage? Check(JsonElement entry, ImageProcessor processor)
    {
        string name = entry.GetProperty("image").GetString()!;
        if (name == "sixteen-bit.png") return null;
        (RgbImage image, bool isExact) = GoldenPictures.OnWhite(name);
        ProcessedImage processed = processor.Process(image);
        int[] shape = [.. entry.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        Assert.Equal(shape.Aggregate(1L, (product, size) => product * size), processed.Pixels.LongLength);
        if (isExact)
        {
            Assert.True(entry.GetProperty("sha256_f32").GetString() == GoldenPictures.Hash(processed.Pixels), $"{name}: values differ: {entry}");
            return processed;
        }
        Assert.True(name.EndsWith(".jpg", StringComparison.Ordinal) || name.EndsWith("lossy.webp", StringComparison.Ordinal),
            $"{name}: decoded otherwise than the reference");
        if (!entry.TryGetProperty("full", out JsonElement full)) return null;
        foreach ((float expected, float actual) in Tensors.Floats(full.GetString()!).Zip(processed.Pixels)) Assert.Equal(expected, actual, 0.06f);
        return null;
    }
}
