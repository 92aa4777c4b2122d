using SafeRlhfV.Deduplication;
using SafeRlhfV.Testing;
using SkiaSharp;

namespace SafeRlhfV.Data.Tests;

public sealed class EncodingTests
{
    [Fact]
    public void TheSamePixelsAreFoundWhateverTheEncoding()
    {
        PreferencePair[] pairs = [.. PreferenceDataset.Open(Golden.At("beavertails-v", "paired")).ReadPairs().DistinctBy(pair => pair.Question).Take(3)];
        RgbImage image = ImageDecoder.Decode(pairs[0].Image!.Bytes!);
        using TemporaryFolder folder = new();
        using (BeaverTailsWriter writer = BeaverTailsWriter.Create(folder.At("data")))
        {
            writer.Add("train", pairs[0] with { Image = new(Encode(image, SKEncodedImageFormat.Png), "one.png") });
            writer.Add("train", pairs[1] with { Image = new(Encode(image, SKEncodedImageFormat.Webp), "two.webp"), Category = pairs[0].Category });
            writer.Add("evaluation", pairs[2] with { Image = new(Bmp(image), "three.bmp") });
            writer.Complete();
        }
        DeduplicationReport report = DatasetDeduplicator.Run(PreferenceDataset.Open(folder.At("data")), new() { Folder = folder.At("unique") });
        Assert.Equal(2, report.ExactLeaks.Count);
        Assert.Equal(2, Assert.Single(report.EqualPixels).Count);
        Assert.Equal("evaluation", Assert.Single(PreferenceDataset.Open(folder.At("unique")).Splits));
    }

    private static byte[] Encode(RgbImage image, SKEncodedImageFormat format)
    {
        using SKBitmap bitmap = new(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int y = 0, at = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++, at += 3) bitmap.SetPixel(x, y, new SKColor(image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]));
        using SKPixmap pixels = bitmap.PeekPixels();
        using SKData? data = format == SKEncodedImageFormat.Webp
            ? pixels.Encode(new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, 100))
            : pixels.Encode(format, 100);
        return data!.ToArray();
    }

    // 24 bits a pixel, rows from the bottom, each padded to four bytes
    private static byte[] Bmp(RgbImage image)
    {
        int row = (image.Width * 3 + 3) / 4 * 4, size = 54 + row * image.Height;
        byte[] bytes = new byte[size];
        using MemoryStream stream = new(bytes);
        using BinaryWriter writer = new(stream);
        writer.Write("BM"u8);
        foreach (int value in (int[])[size, 0, 54, 40, image.Width, image.Height, 1 | 24 << 16, 0, row * image.Height, 2835, 2835, 0, 0]) writer.Write(value);
        for (int y = 0; y < image.Height; y++)
            for (int x = 0; x < image.Width; x++)
            {
                int from = ((image.Height - 1 - y) * image.Width + x) * 3, to = 54 + y * row + x * 3;
                (bytes[to], bytes[to + 1], bytes[to + 2]) = (image.Pixels[from + 2], image.Pixels[from + 1], image.Pixels[from]);
            }
        return bytes;
    }
}
