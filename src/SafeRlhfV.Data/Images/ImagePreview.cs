using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>Small copies of images for pages.</summary>
public static class ImagePreview
{
    private const int LongestSide = 640, Quality = 80;

    /// <summary>A JPEG of the image, its longest side at most 640 pixels; null where the image cannot be decoded.</summary>
    /// <param name="bytes">The encoded image.</param>
    public static byte[]? Jpeg(byte[] bytes) => ImageReader.Read(bytes, Encode, ImageDecodeOptions.Standard).Result;

    private static byte[] Encode(int width, int height, ReadOnlySpan<byte> rgb)
    {
        using SKBitmap full = new(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> pixels = full.GetPixelSpan();
        for (int i = 0, j = 0; i < rgb.Length; i += 3, j += 4)
        {
            rgb.Slice(i, 3).CopyTo(pixels[j..]);
            pixels[j + 3] = 255;
        }
        double scale = Math.Min(1, (double)LongestSide / Math.Max(width, height));
        SKImageInfo info = new(Math.Max(1, (int)(width * scale)), Math.Max(1, (int)(height * scale)), SKColorType.Rgba8888, SKAlphaType.Opaque);
        using SKBitmap small = full.Resize(info, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using SKData encoded = small.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return encoded.ToArray();
    }
}
