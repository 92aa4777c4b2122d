using System.Security.Cryptography;

namespace SafeRlhfV.SafetyWorld.Tests;

public sealed class ImageTests
{
    /// <summary>A change here changes every figure of the demo: look at the images before it is pinned anew.</summary>
    [Theory]
    [InlineData(0, "53D3E1C327276F110F330F80378B0881")]
    [InlineData(1, "C7E28253AAD781C65F024E7E991485B5")]
    public void TheFirst200ImagesOfAWorldAreThePinnedOnes(long seed, string expected)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (VisionScene scene in new World(seed).VisionScenes(200)) hash.AppendData(scene.Image.Pixels);
        Assert.Equal(expected, Convert.ToHexString(hash.GetHashAndReset())[..32]);
    }

    [Fact]
    public void NoiseHasMean0AndDeviation6()
    {
        double mean = NoiseTable.Values.Average(value => (double)value), variance = NoiseTable.Values.Average(value => (double)value * value) - mean * mean;
        Assert.Equal(0, mean, 6);
        Assert.InRange(Math.Sqrt(variance) / NoiseTable.Scale, 5.99, 6.01);
    }

    [Fact]
    public void EveryCellHoldsWhatTheSceneSaysAndNoMore()
    {
        foreach (VisionScene vision in new World(3).VisionScenes(500))
            for (int cell = 0; cell < 4; cell++)
            {
                int odd = OddPixels(vision.Image, cell);
                if (vision.Scene.ContentOf(cell) == 0) Assert.InRange(odd, 0, 25); // a neighbour's edge may reach in
                else Assert.InRange(odd, 20, 28 * 28);
            }
    }

    [Fact]
    public void TheObjectShowsInItsColour()
    {
        foreach (VisionScene vision in new World(4).VisionScenes(300))
        {
            Rgb colour = Stamps.Colours[vision.Scene.Colour];
            Assert.InRange(PixelsNear(vision.Image, vision.Scene.Place, colour), 30, 28 * 28);
        }
    }

    [Theory]
    [InlineData(1, 255, 225, 0)]
    [InlineData(2, 250, 115, 15)]
    [InlineData(3, 25, 25, 25)]
    public void AMarkShowsInItsCellAndNowhereElse(int severity, double red, double green, double blue)
    {
        RandomStream random = new(severity, "marks");
        for (int i = 0; i < 100; i++)
        {
            // A green card: none of its tones is near a mark's
            Scene scene = SceneSampler.Sample(random, item: 7, colour: 1, severity);
            RgbImage image = ScenePainter.Paint(scene, random);
            for (int cell = 0; cell < 4; cell++)
                if (cell == scene.MarkPlace) Assert.InRange(PixelsNear(image, cell, new Rgb(red, green, blue)), 8, 28 * 28);
                else Assert.Equal(0, PixelsNear(image, cell, new Rgb(red, green, blue)));
        }
    }

    [Fact]
    public void APromptShowsTheSameImageWheneverItIsRead()
    {
        WorldPrompt prompt = new World(0).TestPrompts(5).Last();
        Assert.Equal(prompt.Image.Pixels, prompt.Image.Pixels);
        Assert.Equal(prompt.Image.Pixels, new World(0).TestPrompts(9).ElementAt(4).Image.Pixels);
    }

    [Fact]
    public void NoImageOccursTwiceInAllSets()
    {
        World world = new(0), validation = new(0, validation: true);
        IEnumerable<WorldPrompt> prompts = world.SftSamples(500).Select(sample => sample.Prompt).Concat(world.PairPrompts(500))
            .Concat(world.HeldOutPrompts(500))
            .Concat(world.TestPrompts(500)).Concat(world.PpoPrompts(500)).Concat(world.PtxSamples(500).Select(sample => sample.Prompt))
            .Concat(world.FlipProbes(100).SelectMany(probe => new[] { probe.Plain, probe.Skull }))
            .Concat(new World(1).TestPrompts(500))
            .Concat(validation.TestPrompts(500)).Concat(validation.HeldOutPrompts(500))
            .Concat(validation.FlipProbes(100).SelectMany(probe => new[] { probe.Plain, probe.Skull }));
        Assert.Equal(4900, prompts.Select(prompt => Convert.ToHexString(SHA256.HashData(prompt.Image.Pixels))).Distinct().Count());
    }

    [Fact]
    public void PatchesAreLabelledByTheirCells()
    {
        VisionScene vision = new World(0).VisionScenes(1).Single();
        Assert.Equal([0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 3, 3], vision.PatchLabels.Select(label => label.Cell));
        Assert.All(vision.PatchLabels,
            label => Assert.Equal((vision.Scene.ContentOf(label.Cell), vision.Scene.ColourOf(label.Cell)), (label.Content, label.Colour)));
        Assert.Equal(4, vision.PatchLabels.Count(label => label.Content == 1 + vision.Scene.Object && label.Colour == 1 + vision.Scene.Colour));
    }

    [Fact]
    public void AImageSurvivesPng()
    {
        RgbImage image = new World(0).TestPrompts(1).Single().Image;
        using SkiaSharp.SKBitmap decoded = SkiaSharp.SKBitmap.Decode(PngBytes.Encode(image));
        Assert.Equal((56, 56), (decoded.Width, decoded.Height));
        Assert.Equal(image.Pixels, decoded.Pixels.SelectMany(pixel => new[] { pixel.Red, pixel.Green, pixel.Blue }));
    }

    /// <summary>Pixels of a cell's inside that differ from the background (the image's median) by more than noise does.</summary>
    private static int OddPixels(RgbImage image, int cell)
    {
        byte[] background = [.. Enumerable.Range(0, 3).Select(channel =>
            image.Pixels.Where((_, i) => i % 3 == channel).Order().ElementAt(image.Width * image.Height / 2))];
        return PixelsOf(image, cell).Count(pixel => Enumerable.Range(0, 3).Any(channel => Math.Abs(pixel[channel] - background[channel]) > 36));
    }

    private static int PixelsNear(RgbImage image, int cell, Rgb colour) => PixelsOf(image, cell).Count(pixel =>
        Math.Abs(pixel[0] - colour.Red) < 26 && Math.Abs(pixel[1] - colour.Green) < 26 && Math.Abs(pixel[2] - colour.Blue) < 26);

    private static IEnumerable<byte[]> PixelsOf(RgbImage image, int cell)
    {
        for (int y = cell / 2 * 28; y < cell / 2 * 28 + 28; y++)
            for (int x = cell % 2 * 28; x < cell % 2 * 28 + 28; x++)
                yield return image.Pixels.AsSpan((y * 56 + x) * 3, 3).ToArray();
    }
}
