using System.Text.Json.Nodes;
using CsCheck;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Core.Tests;

public sealed class ImageHeaderTests
{
    private static readonly byte[] Png =
        Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
    private static readonly byte[] Jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc2, 0, 11, 8, 0x01, 0x02, 0x03, 0x04, 1, 1, 0x11, 0];
    private static readonly byte[] Gif = [.. "GIF89a"u8, 5, 0, 6, 0, 0, 0, 0];
    private static readonly byte[] WebP = [.. "RIFF"u8, 0, 0, 0, 0, .. "WEBPVP8X"u8, 10, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 19, 0, 0];
    private static readonly byte[] Bmp = [.. "BM"u8, .. new byte[12], 40, 0, 0, 0, 7, 0, 0, 0, 0xfd, 0xff, 0xff, 0xff, 1, 0, 24, 0];

    [Fact]
    public void TheSizesOfAllReferenceImagesAreRead()
    {
        int read = 0;
        foreach ((string name, JsonNode? facts) in JsonNode.Parse(File.ReadAllText(Golden.At("images", "images.json")))!.AsObject())
        {
            if (facts?["size_wh"] is not JsonArray size) continue;
            ImageHeader? header = ImageHeader.Read(File.ReadAllBytes(Golden.At("images", name)));
            Assert.Equal((name, size[0]!.GetValue<int>(), size[1]!.GetValue<int>()), (name, header?.Width ?? 0, header?.Height ?? 0));
            read++;
        }
        Assert.True(read > 0);
    }

    [Fact]
    public void HeadersAreReadWithoutDecoding()
    {
        Assert.Equal(new ImageHeader("PNG", 1, 1, "RGBA"), ImageHeader.Read(Png));
        Assert.Equal(new ImageHeader("JPEG", 0x0304, 0x0102, "L"), ImageHeader.Read(Jpeg));
        Assert.Equal(new ImageHeader("GIF", 5, 6, "P"), ImageHeader.Read(Gif));
        Assert.Equal(new ImageHeader("WEBP", 10, 20, "RGB"), ImageHeader.Read(WebP));
        Assert.Equal(new ImageHeader("BMP", 7, 3, "RGB"), ImageHeader.Read(Bmp));
        Assert.Equal("image/webp", ImageHeader.Read(WebP)!.MediaType);
    }

    // A header that is cut or garbled anywhere is never read as something it is not allowed to be.
    [Fact]
    public void HostileHeadersGiveASizeOrNothing()
    {
        byte[][] all = [Png, Jpeg, Gif, WebP, Bmp];
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 80], Gen.Int[0, 80], Gen.Byte).Sample((which, cut, at, value) =>
        {
            byte[] bytes = all[which][..Math.Min(cut, all[which].Length)];
            if (at < bytes.Length) bytes[at] = value;
            Assert.True(ImageHeader.Read(bytes) is null or { Width: > 0, Height: > 0 });
        });
    }
}
