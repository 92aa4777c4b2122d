using SafeRlhfV.Data;
using SkiaSharp;

namespace SafeRlhfV.Bench;

/// <summary>
/// Rows to time reading with: JPEG images of noise over soft shapes, all different, and texts of usual length; 400 MB, or some copies of that.
/// </summary>
internal static class DataRows
{
    private const int Rows = 2500, ImageBytes = 160 << 10;

    public static void Write(string folder, int copies)
    {
        byte[][] images = new byte[Rows][];
        Parallel.For(0, Rows, i => images[i] = Image(i));
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder, RowLayout.Paired, new BeaverTailsWriterOptions { Name = "Rows for timing" });
        for (int copy = 0; copy < copies; copy++)
            for (int i = 0; i < Rows; i++)
            {
                RandomStream random = new(i, $"bench/{copy}");
                writer.Add(i % 20 == 19 ? "evaluation" : "train", new PreferencePair
                {
                    Question = Words(random, 20),
                    Image = new EncodedImage(images[i], $"{i}.jpg"),
                    Category = Taxonomy.Categories[i % Taxonomy.Categories.Count],
                    ImageSeverity = 1 + i % 3,
                    Response1 = new(Words(random, 150), "placeholder-a", true, 2, 2),
                    Response2 = new(Words(random, 150), "placeholder-b", false, -1, 1),
                    MoreHelpful = 1,
                    Safer = 1,
                });
            }
        writer.Complete();
    }

    private static byte[] Image(int number)
    {
        int side = (int)Math.Sqrt(ImageBytes / 0.388); // gives noise of this amplitude about the wanted size at quality 85
        RandomStream random = new(number, "bench/image");
        using SKBitmap bitmap = new(side, side, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> pixels = bitmap.GetPixelSpan();
        double slope = random.Uniform(0.2, 2), shift = random.Uniform(0, 255);
        for (int y = 0, at = 0; y < side; y++)
            for (int x = 0; x < side; x++, at += 4)
            {
                ulong noise = random.NextUInt64();
                for (int channel = 0; channel < 3; channel++)
                    pixels[at + channel] = (byte)((int)(shift + slope * x + y * (channel + 1) / 3.0) / 2 % 192 + (int)(noise >> channel * 8 & 63));
                pixels[at + 3] = 255;
            }
        using SKData encoded = bitmap.Encode(SKEncodedImageFormat.Jpeg, 85);
        return encoded.ToArray();
    }

    private static string Words(RandomStream random, int count) => string.Join(' ', Enumerable.Range(0, count).Select(_ => $"word{random.NextInt(5000)}"));
}
