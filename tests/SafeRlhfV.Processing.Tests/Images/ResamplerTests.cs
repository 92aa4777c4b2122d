using CsCheck;

namespace SafeRlhfV.Processing.Tests;

public sealed class ResamplerTests
{
    private static readonly Gen<ResampleFilter> Filters = Gen.Enum<ResampleFilter>();
    private static readonly Gen<(int Width, int Height, int Seed)> Sizes = Gen.Select(Gen.Int[1, 90], Gen.Int[1, 90], Gen.Int[0, 99]);

    [Fact]
    public void VectorsAndPlainLoopsGiveTheSameBytes() =>
        Gen.Select(Sizes, Gen.Int[1, 120], Filters.Where(filter => filter != ResampleFilter.Nearest)).Sample((size, to, filter) =>
        {
            RgbImage image = GoldenPictures.Noise(size);
            ResampleKernel across = new(image.Width, to, filter, 0, to), down = new(image.Height, to, filter, 0, to);
            Assert.Equal(ResamplePasses.Horizontal(image, 0, image.Height, across, vectors: false).Pixels,
                ResamplePasses.Horizontal(image, 0, image.Height, across).Pixels);
            Assert.Equal(ResamplePasses.Vertical(image, 0, image.Width, down, vectors: false).Pixels,
                ResamplePasses.Vertical(image, 0, image.Width, down).Pixels);
        }, iter: 300);

    [Fact]
    public void AImageSharedAmongThreadsIsTheSame()
    {
        RgbImage image = GoldenPictures.Noise((1500, 700, 5));
        ResampleKernel across = new(1500, 640, ResampleFilter.Bicubic, 0, 640), down = new(700, 300, ResampleFilter.Lanczos, 0, 300);
        Assert.Equal(ResamplePasses.Horizontal(image, 0, 700, across, vectors: false).Pixels, ResamplePasses.Horizontal(image, 0, 700, across).Pixels);
        Assert.Equal(ResamplePasses.Vertical(image, 0, 1500, down, vectors: false).Pixels, ResamplePasses.Vertical(image, 0, 1500, down).Pixels);
    }

    [Fact]
    public void ARegionIsThePartOfTheWhole() =>
        Gen.Select(Sizes, Gen.Int[1, 70], Gen.Int[1, 70], Filters, Gen.Double[0, 1].Array[4]).Sample((size, width, height, filter, parts) =>
        {
            RgbImage image = GoldenPictures.Noise(size), whole = Resampler.Resize(image, width, height, filter);
            int left = (int)(parts[0] * (width - 1)), top = (int)(parts[1] * (height - 1));
            PixelRegion region = new(left, top, 1 + (int)(parts[2] * (width - left - 1)), 1 + (int)(parts[3] * (height - top - 1)));
            Assert.Equal(Resampler.Crop(whole, region).Pixels, Resampler.Resize(image, width, height, filter, region).Pixels);
        }, iter: 300);

    [Fact]
    public void OneColourStaysOneColour() =>
        Gen.Select(Sizes, Gen.Int[1, 70], Gen.Int[1, 70], Filters).Sample((size, width, height, filter) =>
        {
            RgbImage image = RgbImage.Grey(size.Width, size.Height, (byte)size.Seed);
            Assert.All(Resampler.Resize(image, width, height, filter).Pixels, value => Assert.Equal(size.Seed, value));
        }, iter: 200);

    [Fact]
    public void ARegionOutsideIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() =>
            Resampler.Resize(GoldenPictures.Noise((4, 4, 0)), 8, 8, ResampleFilter.Box, new PixelRegion(4, 0, 5, 8)));
}
