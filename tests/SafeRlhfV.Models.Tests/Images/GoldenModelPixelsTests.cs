using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

/// <summary>The pixel half of the models' processor cases: decoding, sizes, values, tokens an image takes.</summary>
public sealed class GoldenModelPixelsTests
{
    public static TheoryData<string, string> Cases()
    {
        TheoryData<string, string> data = [];
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Order(StringComparer.Ordinal))
            foreach (string file in Directory.GetFiles(Path.Combine(folder, "cases"), "*.json").Order(StringComparer.Ordinal))
                if (Path.GetFileName(file) is var name && (name.StartsWith("processor-", StringComparison.Ordinal) || name == "smart-resize.json"))
                    data.Add(Path.GetFileName(folder), Path.GetFileNameWithoutExtension(name));
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryCaseIsMet(string model, string name)
    {
        string folder = Golden.At("models", model);
        JsonElement json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases", $"{name}.json"))).RootElement;
        GoldenTensors tensors = new(Path.Combine(folder, "cases", $"{name}.safetensors"));
        ModelConfig config = ModelConfig.Load(folder);
        switch (json.GetProperty("kind").GetString())
        {
            case "smart-resize": SmartResize(json, tensors); break;
            case "processor-images": Images(json, tensors, ImageProcessor.Load(folder, config)); break;
            case "processor-pad-square": PadSquare(json, tensors, config); break;
            case "processor" when json.TryGetProperty("loader", out _): Qwen(json, tensors, folder, config); break;
            case "processor": Samples(json, tensors, ImageProcessor.Load(folder, config, Settings(json))); break;
            case "processor-double-bos" or "processor-pan-and-scan" or "processor-images-pan-and-scan": break; // ParityTests run them
            case var kind: Assert.Fail($"what is a case of kind {kind}?"); break;
        }
    }

    private static void SmartResize(JsonElement json, GoldenTensors tensors)
    {
        long[] table = tensors.Longs("table");
        Assert.NotEmpty(table);
        for (int i = 0; i < table.Length; i += 7)
            Assert.Equal(((int)table[i + 5], (int)table[i + 6]),
                ImageSizes.Smart((int)table[i], (int)table[i + 1], (int)table[i + 2], table[i + 3], table[i + 4]));
        foreach (JsonElement error in json.GetProperty("errors").EnumerateArray())
            Assert.Throws<InvalidInputException>(() =>
                ImageSizes.Smart(error.GetProperty("size_wh")[1].GetInt32(), error.GetProperty("size_wh")[0].GetInt32(), 28, 3136, 1003520));
    }

    private static void Images(JsonElement json, GoldenTensors tensors, ImageProcessor processor)
    {
        int index = 0;
        foreach (JsonElement entry in json.GetProperty("files").EnumerateArray())
        {
            string file = entry.GetProperty("file").GetString()!;
            RgbImage image = GoldenPictures.Decode(file, ImageDecodeOptions.Converted with { ClipSixteenBitGray = true });
            bool isExact = GoldenPictures.Hash(image.Pixels) == entry.GetProperty("rgb_sha256").GetString();
            if (entry.TryGetProperty("single", out JsonElement single))
            {
                Mode(single, "pixel_values", file, isExact, tensors, processor.ForImages(1));
                Mode(entry.GetProperty("multi"), "pixel_values_multi", file, isExact, tensors, processor.ForImages(2));
                continue;
            }
            ProcessedImage processed = processor.Process(image);
            if (entry.TryGetProperty("grid_columns_rows", out _))
            {
                Tiled(entry, file, isExact, tensors, (InternVlImageProcessor)processor);
                continue;
            }
            float[] expected = tensors.Has($"pixel_values.{file}")
                ? tensors.Floats($"pixel_values.{file}")
                : tensors.Floats("pixel_values")[(index * processed.Pixels.Length)..][..processed.Pixels.Length];
            AssertEqual(expected, processed, isExact, file);
            Assert.Equal(entry.GetProperty("num_image_tokens").GetInt32(), processed.Geometry.Tokens);
            if (entry.TryGetProperty("decoded_png", out JsonElement png))
                AssertEqual(expected,
                    processor.Process(ImageDecoder.Decode(File.ReadAllBytes(Golden.At("models", json.GetProperty("model").GetString()!, "cases",
                        png.GetString()!)))), true, file);
            foreach ((string policy, ImageDecodeOptions options)
                in ((string, ImageDecodeOptions)[])[("pil", ImageDecodeOptions.Opened), ("path", ImageDecodeOptions.FromPath)])
            {
                processed = processor.Process(GoldenPictures.Decode(file, options with { ClipSixteenBitGray = true }));
                AssertEqual(tensors.Has($"pixel_values_{policy}.{file}") ? tensors.Floats($"pixel_values_{policy}.{file}") : expected, processed, isExact,
                    $"{file} ({policy})");
                if (entry.TryGetProperty($"num_image_tokens.{policy}", out JsonElement tokens)) Assert.Equal(tokens.GetInt32(), processed.Geometry.Tokens);
            }
            index++;
        }
    }

    // InternVL: what differs where a file is read otherwise stands in an object of its own
    private static void Tiled(JsonElement entry, string file, bool isExact, GoldenTensors tensors, InternVlImageProcessor processor)
    {
        foreach ((string policy, ImageDecodeOptions options) in ((string, ImageDecodeOptions)[])
            [("", ImageDecodeOptions.Converted), ("pil", ImageDecodeOptions.Opened), ("path", ImageDecodeOptions.FromPath)])
        {
            ProcessedImage processed = processor.Process(GoldenPictures.Decode(file, options with { ClipSixteenBitGray = true }));
            bool isSame = policy.Length == 0 || entry.GetProperty("same_as_rgb." + policy).GetBoolean();
            JsonElement expected = isSame ? entry : entry.GetProperty(policy);
            Assert.Equal(expected.GetProperty("tiles").GetInt32(), processed.Geometry.Rows);
            if (isExact) Assert.Equal(expected.GetProperty("pixel_values_sha256").GetString(), GoldenPictures.Hash(processed.Pixels));
            if (!isSame) continue;
            JsonElement grid = entry.GetProperty("grid_columns_rows");
            Assert.Equal((grid[0].GetInt32(), grid[1].GetInt32()), processor.GridOf(processed.Geometry.Width, processed.Geometry.Height));
            Assert.Equal(entry.GetProperty("num_image_tokens").GetInt32(), processed.Geometry.Tokens);
            if (tensors.Has($"pixel_values.{file}")) AssertEqual(tensors.Floats($"pixel_values.{file}"), processed, isExact, file);
        }
    }

    // LLaVA-OneVision: an image alone, or as one of several
    private static void Mode(JsonElement expected, string key, string file, bool isExact, GoldenTensors tensors, ImageProcessor processor)
    {
        foreach ((string policy, ImageDecodeOptions options) in ((string, ImageDecodeOptions)[])
            [("", ImageDecodeOptions.Converted), (".pil", ImageDecodeOptions.Opened), (".path", ImageDecodeOptions.FromPath)])
        {
            ProcessedImage processed = processor.Process(GoldenPictures.Decode(file, options with { ClipSixteenBitGray = true }));
            bool isSame = policy.Length == 0 || expected.GetProperty("same_as_rgb" + policy).GetBoolean();
            string suffix = isSame ? "" : policy;
            Assert.Equal(expected.GetProperty("num_image_tokens" + suffix).GetInt32(), processed.Geometry.Tokens);
            if (isSame) Assert.Equal(expected.GetProperty("tiles").GetInt32(), processed.Geometry.Rows);
            if (isExact) Assert.Equal(expected.GetProperty("pixel_values_sha256" + suffix).GetString(), GoldenPictures.Hash(processed.Pixels));
            if (isSame && tensors.Has($"{key}.{file}")) AssertEqual(tensors.Floats($"{key}.{file}"), processed, isExact, file);
        }
    }

    private static void PadSquare(JsonElement json, GoldenTensors tensors, ModelConfig config)
    {
        ImageProcessor processor = ImageProcessor.Parse(GoldenPictures.Json(json.GetProperty("config").GetRawText()), config);
        float[] expected = tensors.Floats("pixel_values");
        foreach (JsonElement file in json.GetProperty("files").EnumerateArray())
        {
            ProcessedImage processed = processor.Process(GoldenPictures.Decode(file.GetString()!, ImageDecodeOptions.Converted));
            AssertEqual(expected[..processed.Pixels.Length], processed, GoldenPictures.OnWhite(file.GetString()!).IsExact, file.GetString()!);
            expected = expected[processed.Pixels.Length..];
        }
        Assert.Empty(expected);
    }

    private static void Qwen(JsonElement json, GoldenTensors tensors, string folder, ModelConfig config)
    {
        ImageProcessor processor = ImageProcessor.Load(folder, config, JsonNode.Parse(json.GetProperty("image_kwargs").GetRawText())!.AsObject());
        string file = Assert.Single(json.GetProperty("images").EnumerateArray().SelectMany(images => images.EnumerateArray())).GetString()!;
        ImageDecodeOptions options = json.GetProperty("loader").GetString() switch
        {
            "path" => ImageDecodeOptions.FromPath,
            "pil" => ImageDecodeOptions.Opened,
            var loader => throw new NotSupportedException(loader)
        };
        RgbImage image = GoldenPictures.Decode(file, options with { ClipSixteenBitGray = true });
        Assert.Equal([image.Height, image.Width], json.GetProperty("decoded_hw").EnumerateArray().Select(size => size.GetInt32()));
        bool isExact = GoldenPictures.Hash(image.Pixels) == json.GetProperty("decoded_rgb_sha256").GetString();
        Assert.True(isExact || IsLossy(file), $"{file}: decoded otherwise than the reference");
        ProcessedImage processed = processor.Process(image);
        Assert.Equal<long>([1, processed.Geometry.GridHeight, processed.Geometry.GridWidth], tensors.Longs("image_grid_thw"));
        Assert.Equal(json.GetProperty("num_image_tokens").GetInt32(), processed.Geometry.Tokens);
        if (tensors.Has("pixel_values")) AssertEqual(tensors.Floats("pixel_values"), processed, isExact, file);
        Assert.Equal(json.GetProperty("pixel_mean").GetDouble(), processed.Pixels.Average(value => (double)value), isExact ? 1e-6 : 0.02);
        Assert.Equal(1, processed.Pixels.Sum(value => Math.Abs((double)value)) / json.GetProperty("pixel_abs_sum").GetDouble(), isExact ? 1e-6 : 0.02);
        if (!isExact) return;
        (int height, int width) = (json.GetProperty("resized_hw")[0].GetInt32(), json.GetProperty("resized_hw")[1].GetInt32());
        Assert.Equal(json.GetProperty("resized_rgb_sha256").GetString(),
            GoldenPictures.Hash(Resampler.Resize(image, width, height, ResampleFilter.Bicubic).Pixels));
    }

    // their pixel values are rows of processor-images, which are checked there; here sizes and tokens
    private static void Samples(JsonElement json, GoldenTensors tensors, ImageProcessor processor)
    {
        List<long> sizes = [], tokens = [];
        // the reference takes images of a flat list one by one, whatever conversation they belong to
        bool isFlat = IsFlat(json);
        foreach (JsonElement sample in json.GetProperty("samples").EnumerateArray())
        {
            ImageGeometry[] images = [.. sample.GetProperty("images").EnumerateArray()
                .Select(image => processor.ForImages(isFlat ? 1 : sample.GetProperty("images").GetArrayLength())
                    .Process(GoldenPictures.Decode(image.GetString()!, ImageDecodeOptions.Converted)).Geometry)];
            tokens.Add(images.Sum(image => image.Tokens));
            foreach (ImageGeometry image in images) sizes.AddRange([image.Height, image.Width]);
        }
        Assert.Equal(json.GetProperty("image_tokens_per_sample").EnumerateArray().Select(count => count.GetInt64()), tokens);
        if (tensors.Has("image_sizes")) Assert.Equal<long>(tensors.Longs("image_sizes"), sizes);
    }

    internal static bool IsFlat(JsonElement json) =>
        json.TryGetProperty("images_passed_as", out JsonElement form) && form.GetString()!.StartsWith("one flat list", StringComparison.Ordinal);

    // what the reference gave its image processor in the call
    internal static JsonObject? Settings(JsonElement json) =>
        json.TryGetProperty("processor_kwargs", out JsonElement given) ? JsonNode.Parse(given.GetRawText())!.AsObject() : null;

    private static bool IsLossy(string file) => file.EndsWith(".jpg", StringComparison.Ordinal) || file.Contains("lossy.", StringComparison.Ordinal);

    private static void AssertEqual(float[] expected, ProcessedImage processed, bool isExact, string name)
    {
        Assert.True(isExact || IsLossy(name), $"{name}: decoded otherwise than the reference");
        Assert.Equal(expected.Length, processed.Pixels.Length);
        double largest = expected.Zip(processed.Pixels, (left, right) => Math.Abs((double)left - right)).Max();
        Assert.True(largest <= (isExact ? 1e-6 : 0.06), $"{name}: differs by {largest}");
    }
}
