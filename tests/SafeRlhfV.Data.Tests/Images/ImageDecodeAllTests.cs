using SkiaSharp;

namespace SafeRlhfV.Data.Tests;

public sealed class ImageDecodeAllTests
{
    private const int Size = 4;

    [Fact]
    public void AnOpaqueImageShowsOneImage()
    {
        byte[] png = Encode(SKEncodedImageFormat.Png, SKColors.Red);
        Assert.Single(ImageDecodeAll.Of(png, 8));
        Assert.Equal([255, 0, 0], First(png));
    }

    // Black words that are seen on white alone, white ones that are seen on black alone, and what no background shows.
    [Theory]
    [InlineData(0xFF000000u)]
    [InlineData(0xFFFFFFFFu)]
    [InlineData(0x00FF0000u)]
    [InlineData(0x80FF0000u)]
    public void WhatIsTransparentIsShownOnWhiteAndBlackAndBare(uint colour)
    {
        byte[] png = Encode(SKEncodedImageFormat.Png, new SKColor(colour));
        RgbImage[] shown = [.. ImageDecodeAll.Of(png, 8)];
        (int alpha, int red) = ((int)(colour >> 24), (int)(colour >> 16 & 255));
        Assert.Contains(shown, image => image.Pixels[0] == 255 && image.Pixels[3] == On(255)); // the first pixel is clear
        Assert.Contains(shown, image => image.Pixels[0] == 0 && image.Pixels[3] == On(0));
        Assert.Contains(shown, image => image.Pixels[3] == red);

        int On(int ground) => (int)Math.Round(((red * alpha) + (ground * (255 - alpha))) / 255.0, MidpointRounding.AwayFromZero);
    }

    [Fact]
    public void EachFrameOfAnAnimationIsShown()
    {
        foreach (byte[] file in (byte[][])[Gif(0, 1, 2), WebP(SKColors.White, SKColors.Red, SKColors.Blue)])
        {
            RgbImage[] shown = [.. ImageDecodeAll.Of(file, 8)];
            Assert.Equal([[255, 255, 255], [255, 0, 0], [0, 0, 255]], shown.Select(image => image.Pixels[..3]));
            Assert.Throws<InvalidInputException>(() => ImageDecodeAll.Of(file, 2).Count());
        }
    }

    [Fact]
    public void AFrameThatComesTwiceIsShownOnce() => Assert.Equal(2, ImageDecodeAll.Of(Gif(0, 1, 0, 1, 0), 8).Count());

    [Fact]
    public void ABrokenAnimationIsAnError()
    {
        byte[] file = Gif(0, 1, 2);
        Assert.Throws<InvalidInputException>(() => ImageDecodeAll.Of(file.AsMemory(0, file.Length - 12), 8).Count());
    }

    private static byte[] First(byte[] file) => ImageDecodeAll.Of(file, 8).First().Pixels[..3];

    // All of one colour but for the first pixel, which is clear where the colour is no plain one.
    private static byte[] Encode(SKEncodedImageFormat format, SKColor colour)
    {
        using SKBitmap bitmap = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (int y = 0; y < Size; y++)
            for (int x = 0; x < Size; x++) bitmap.SetPixel(x, y, x + y == 0 && colour != SKColors.Red ? SKColors.Empty : colour);
        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData? data = format == SKEncodedImageFormat.Webp
            ? pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100))
            : pixels.Encode(format, 100);
        return data!.ToArray();
    }

    // Frames of the colours 0 white, 1 red, 2 blue; the codes are never compressed: each two pixels begin anew.
    private static byte[] Gif(params int[] colours)
    {
        List<byte> file = [.. "GIF89a"u8, Size, 0, Size, 0, 0x81, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0];
        foreach (int colour in colours)
        {
            file.AddRange([0x21, 0xF9, 4, 0, 10, 0, 0, 0, 0x2C, 0, 0, 0, 0, Size, 0, Size, 0, 0, 2]);
            List<int> codes = [];
            for (int i = 0; i < Size * Size; i++) codes.AddRange(i % 2 == 0 ? [4, colour] : [colour]);
            codes.Add(5);
            byte[] bits = new byte[((codes.Count * 3) + 7) / 8];
            for (int i = 0; i < codes.Count * 3; i++) bits[i / 8] |= (byte)((codes[i / 3] >> (i % 3) & 1) << (i % 8));
            file.AddRange([(byte)bits.Length, .. bits, 0]);
        }
        return [.. file, 0x3B];
    }

    private static byte[] WebP(params SKColor[] colours)
    {
        List<byte> chunks = [.. Chunk("VP8X"u8, [2, 0, 0, 0, Size - 1, 0, 0, Size - 1, 0, 0]), .. Chunk("ANIM"u8, new byte[6])];
        foreach (SKColor colour in colours)
        {
            using SKBitmap bitmap = new(new SKImageInfo(Size, Size, SKColorType.Rgba8888, SKAlphaType.Opaque));
            bitmap.Erase(colour);
            using SKPixmap pixels = bitmap.PeekPixels();
            using SKData? still = pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100));
            chunks.AddRange(Chunk("ANMF"u8, [0, 0, 0, 0, 0, 0, Size - 1, 0, 0, Size - 1, 0, 0, 100, 0, 0, 0, .. still!.ToArray().AsSpan(12)]));
        }
        return [.. "RIFF"u8, .. BitConverter.GetBytes(chunks.Count + 4), .. "WEBP"u8, .. chunks];
    }

    private static byte[] Chunk(ReadOnlySpan<byte> name, byte[] content) =>
        [.. name, .. BitConverter.GetBytes(content.Length), .. content, .. new byte[content.Length % 2]];
}
