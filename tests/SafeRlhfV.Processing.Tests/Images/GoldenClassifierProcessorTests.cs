using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Processing.Tests;

public sealed class GoldenClassifierProcessorTests
{
    public static TheoryData<string> Configs => [.. Cases().GetProperty("configs").EnumerateObject().Select(config => config.Name)];

    [Theory, MemberData(nameof(Configs))]
    public void EveryImageGivesTheReferencesValuesToTheBit(string config)
    {
        ClassifierImageProcessor processor = ClassifierImageProcessor.Load(Golden.At("onnx", "preprocessors", config));
        List<string> wrong = [];
        foreach (JsonElement file in Cases().GetProperty("configs").GetProperty(config).GetProperty("files").EnumerateArray())
        {
            string image = file.GetProperty("file").GetString()!;
            RgbImage seen = GoldenPictures.Decode(image, new ImageDecodeOptions { Alpha = AlphaPolicy.Drop, ClipSixteenBitGray = true });
            (float[] values, int height, int width) = processor.Process(seen);
            int[] shape = [.. file.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
            if (!shape.SequenceEqual([3, height, width])) wrong.Add($"{image}: {width} x {height}");
            else if (GoldenPictures.Hash(values) != file.GetProperty("sha256_f32").GetString()) wrong.Add($"{image}: other values");
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Theory]
    [InlineData("""{"image_processor_type":"ViTImageProcessor","size":{"height":8,"width":8},"do_normalize":false}""", "resample")]
    [InlineData("""{"image_processor_type":"ViTImageProcessor","resample":2,"do_normalize":false}""", "size")]
    [InlineData("""{"image_processor_type":"ViTImageProcessor","resample":2,"size":8}""", "image_mean")]
    [InlineData("""{"image_processor_type":"CLIPImageProcessor","resample":2,"size":8,"do_normalize":false}""", "crop_size")]
    [InlineData("""{"image_processor_type":"ViTImageProcessor","resample":2,"size":8,"do_normalize":false,"do_flip_channel_order":true}""",
        "do_flip_channel_order")]
    [InlineData("""{"image_processor_type":"ViTImageProcessor","resample":2,"size":{"shortest_edge":8},"do_normalize":false}""", "size")]
    [InlineData("""{"image_processor_type":"SamImageProcessor"}""", "image_processor_type")]
    public void WhatIsMissingOrUnknownIsNamed(string json, string field)
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() =>
            ClassifierImageProcessor.Of(ImageProcessorConfig.Parse(GoldenPictures.Json(json))));
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
    }

    private static JsonElement Cases() => JsonDocument.Parse(File.ReadAllBytes(Golden.At("onnx", "preprocessors", "cases", "pixels.json"))).RootElement;
}
