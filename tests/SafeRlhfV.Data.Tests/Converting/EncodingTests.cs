using SafeRlhfV.Testing;
using SkiaSharp;

namespace SafeRlhfV.Data.Tests;

public sealed class EncodingTests
{
    [Fact]
    public void TheSamePixelsAreFoundWhateverTheEncoding()
    {
        PreferencePair[] pairs = [.. PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadPairs().DistinctBy(pair => pair.Question).Take(3)];
        RgbImage picture = ImageDecoder.Decode(pairs[0].Image!.Bytes!);
        using TemporaryFolder folder = new();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(folder.At("data")))
        {
            writer.Add("train", pairs[0] with { Image = new(Encode(picture, SKEncodedImageFormat.Png), "one.png") });
            writer.Add("train", pairs[1] with { Image = new(Encode(picture, SKEncodedImageFormat.Webp), "two.webp"), Category = pairs[0].Category });
            writer.Add("evaluation", pairs[2] with { Image = new(Bmp(picture), "three.bmp") });
            writer.Complete();
        }
        DeduplicationReport report = DatasetDeduplicator.Run(PreferenceDataset.Open(folder.At("data")), folder: folder.At("unique"));
        Assert.Equal(2, report.ExactLeaks.Count);
        Assert.Equal(2, Assert.Single(report.EqualPixels).Count);
        Assert.Equal("evaluation", Assert.Single(PreferenceDataset.Open(folder.At("unique")).Splits));
    }

    private static byte[] Encode(RgbImage picture, SKEncodedImageFormat format)
    {
        using SKBitmap bitmap = new(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int y = 0, at = 0; y < picture.Height; y++)
            for (int x = 0; x < picture.Width; x++, at += 3) bitmap.SetPixel(x, y, new SKColor(picture.Pixels[at], picture.Pixels[at + 1], picture.Pixels[at + 2]));
        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData? data = format == SKEncodedImageFormat.Webp ? pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100)) : pixels.Encode(format, 100);
        return data!.ToArray();
    }

    // 24 bits a pixel, rows from the bottom, each padded to four bytes
    private static byte[] Bmp(RgbImage picture)
    {
        int row = (picture.Width * 3 + 3) / 4 * 4, size = 54 + row * picture.Height;
        byte[] bytes = new byte[size];
        using MemoryStream stream = new(bytes);
        using BinaryWriter writer = new(stream);
        writer.Write("BM"u8);
        foreach (int value in (int[])[size, 0, 54, 40, picture.Width, picture.Height, 1 | 24 << 16, 0, row * picture.Height, 2835, 2835, 0, 0]) writer.Write(value);
        for (int y = 0; y < picture.Height; y++)
            for (int x = 0; x < picture.Width; x++)
            {
                int from = ((picture.Height - 1 - y) * picture.Width + x) * 3, to = 54 + y * row + x * 3;
                (bytes[to], bytes[to + 1], bytes[to + 2]) = (picture.Pixels[from + 2], picture.Pixels[from + 1], picture.Pixels[from]);
            }
        return bytes;
    }
}
