using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Small copies of pictures for pages.</summary>
internal static class Preview
{
    private const int LongestSide = 640, Quality = 80;

    public static byte[] Jpeg(RgbImage picture)
    {
        using SKBitmap full = new(picture.Width, picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> pixels = full.GetPixelSpan();
        for (int i = 0, j = 0; i < picture.Pixels.Length; i += 3, j += 4)
        {
            picture.Pixels.AsSpan(i, 3).CopyTo(pixels[j..]);
            pixels[j + 3] = 255;
        }
        double scale = Math.Min(1, (double)LongestSide / Math.Max(picture.Width, picture.Height));
        SKImageInfo info = new(Math.Max(1, (int)(picture.Width * scale)), Math.Max(1, (int)(picture.Height * scale)), SKColorType.Rgba8888, SKAlphaType.Opaque);
        using SKBitmap small = full.Resize(info, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using SKData encoded = small.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return encoded.ToArray();
    }
}
