using CsCheck;
using SafeRlhfV.Processing;
using SafeRlhfV.Processing.Tests;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class ImageProcessorTests
{
    private static readonly Gen<(int Width, int Height, int Seed)> Sizes = Gen.Select(
        Gen.OneOf(Gen.Int[1, 60], Gen.Int[1, 700]), Gen.OneOf(Gen.Int[1, 60], Gen.Int[1, 700]), Gen.Int[0, 9]);

    [Theory]
    [InlineData("llava-1.5-tiny")]
    [InlineData("llava-1.5-tiny-gqa")]
    [InlineData("llava-next-tiny")]
    [InlineData("llava-next-tiny-mistral")]
    [InlineData("qwen2-vl-tiny")]
    [InlineData("qwen2.5-vl-tiny-sharded")]
    [InlineData("qwen3-vl-tiny")]
    [InlineData("internvl3-tiny")]
    [InlineData("internvl3-tiny-sharded")]
    public void AnySizeGivesWholeRowsOfFiniteValues(string model)
    {
        ModelConfig config = ModelConfig.Load(Golden.At("models", model));
        ImageProcessor processor = ImageProcessor.Load(Golden.At("models", model), config);
        Sizes.Sample(size =>
        {
            if (config is QwenConfig && Math.Max(size.Width, size.Height) > 200 * Math.Min(size.Width, size.Height))
            {
                Assert.Throws<InvalidInputException>(() => processor.Process(GoldenPictures.Noise(size)));
                return;
            }
            ProcessedImage image = processor.Process(GoldenPictures.Noise(size));
            Assert.Equal((size.Height, size.Width), (image.Geometry.Height, image.Geometry.Width));
            Assert.Equal(image.Geometry.Rows * image.RowShape.Aggregate((product, side) => product * side), image.Pixels.Length);
            Assert.All(image.Pixels, value => Assert.InRange(value, -3, 3));
            Assert.InRange(image.Geometry.Tokens, config.LeastImageTokens, 100_000);
            if (config is QwenConfig) Assert.Equal(image.Geometry.Rows, image.Geometry.GridHeight * image.Geometry.GridWidth);
        }, iter: 60);
    }

    [Fact]
    public void TheWorldsImagesAreTakenAsTheyAre()
    {
        using TemporaryFolder folder = new();
        WorldCheckpointFiles.Write(folder.Path);
        ImageProcessor processor = ImageProcessor.Load(folder.Path, ModelConfig.Load(folder.Path));
        RgbImage image = GoldenPictures.Noise((56, 56, 3));
        ProcessedImage processed = processor.Process(image);
        for (int i = 0; i < 56 * 56; i++)
            for (int channel = 0; channel < 3; channel++)
                Assert.Equal(((float)(image.Pixels[3 * i + channel] * 0.00392156862745098) - 0.7f) / 0.3f, processed.Pixels[channel * 56 * 56 + i]);
        using ImageInputs batch = processor.Batch([processed, processed]);
        Assert.Equal([2, 3, 56, 56], batch.PixelValues.shape);
        Assert.Equal([.. processed.Pixels, .. processed.Pixels], batch.PixelValues.data<float>().ToArray());
    }

    [Fact]
    public void AImageSmallerThanTheCutLiesOnBlack()
    {
        ImageProcessor processor = ImageProcessor.Parse(
            GoldenPictures.Json("""{"image_processor_type": "CLIPImageProcessor", "do_resize": false, "do_normalize": false, "crop_size": 28}"""),
            GoldenConfigs.Llava(28));
        float[] pixels = processor.Process(RgbImage.Grey(2, 40, 255)).Pixels;
        for (int i = 0; i < pixels.Length; i++) Assert.Equal(i % 28 is 13 or 14 ? 1 : 0, pixels[i]);
    }

    [Theory]
    [InlineData("""{"image_processor_type": "ViTImageProcessor"}""", "ViTImageProcessor")]
    [InlineData("""{"image_processor_type": "Qwen2VLImageProcessor"}""", "Qwen2VLImageProcessor")]
    [InlineData("""{"size": {"shortest_edge": 28}, "crop_size": 42}""", "crop_size")]
    [InlineData("""{"size": {"shortest_edge": 0}, "crop_size": 28}""", "size.shortest_edge")]
    [InlineData("""{"size": "28", "crop_size": 28}""", "size")]
    [InlineData("""{"crop_size": {"height": 28}}""", "crop_size.width")]
    [InlineData("""{"crop_size": 28, "resample": 6}""", "resample")]
    [InlineData("""{"crop_size": 28, "image_std": [1, 1, 0]}""", "image_std")]
    [InlineData("""{"crop_size": 28, "image_mean": [1, 1]}""", "image_mean")]
    public void SettingsThatDoNotFitAreNamed(string json, string field)
    {
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => ImageProcessor.Parse(GoldenPictures.Json(json), GoldenConfigs.Llava(28)));
        Assert.Contains(field, error.Message);
    }
}
