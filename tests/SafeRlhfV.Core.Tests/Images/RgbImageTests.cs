namespace SafeRlhfV.Core.Tests;

public sealed class RgbImageTests
{
    [Theory]
    [InlineData(1, 1, (byte)0)]
    [InlineData(3, 2, (byte)128)]
    [InlineData(56, 40, (byte)255)]
    public void AGreyImageHasOneValueEverywhere(int width, int height, byte level)
    {
        RgbImage image = RgbImage.Grey(width, height, level);
        Assert.Equal((width, height, 3 * width * height), (image.Width, image.Height, image.Pixels.Length));
        Assert.All(image.Pixels, value => Assert.Equal(level, value));
    }

    [Fact]
    public void PixelsMustFitTheSize() =>
        Assert.Contains("needs 18 bytes, not 12", Assert.Throws<ArgumentException>(() => new RgbImage(3, 2, new byte[12])).Message);
}
