using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using SkiaSharp;

namespace SafeRlhfV.Bench;

/// <summary>A JPEG of 1280 × 960 to CLIP's values at 336 pixels, one image after the other on one thread, and on all threads that are allowed.</summary>
internal static class ImageWork
{
    private const int Width = 1280, Height = 960, Quality = 90, Images = 10;

    public static void Run(BenchSettings settings)
    {
        ImageProcessor processor = TinyModel.Images();
        byte[] file = Jpeg(0);
        double single = Measure.Median(() =>
        {
            for (int i = 0; i < Images; i++) processor.Process(ImageDecoder.Decode(file));
        }, settings.FewRepeats) / Images;
        double parallel = Measure.Median(
            () => Parallel.For(0, Images, new ParallelOptions { MaxDegreeOfParallelism = settings.Threads }, _ => processor.Process(ImageDecoder.Decode(file))),
            settings.FewRepeats) / Images;
        Measure.Emit(settings, "image-clip336", ("images_per_s", Math.Round(1 / single, 1)), ("images_per_s_all_threads", Math.Round(1 / parallel, 1)));
    }

    /// <summary>Waves with noise: neither as small as a drawing nor as large as noise alone.</summary>
    public static byte[] Jpeg(int seed)
    {
        using SKBitmap image = new(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        Span<byte> pixels = image.GetPixelSpan();
        Random noise = new(seed);
        for (int y = 0, at = 0; y < Height; y++)
            for (int x = 0; x < Width; x++, at += 4)
            {
                for (int channel = 0; channel < 3; channel++)
                {
                    double normal = Math.Sqrt(-2 * Math.Log(1 - noise.NextDouble())) * Math.Cos(2 * Math.PI * noise.NextDouble());
                    pixels[at + channel] = (byte)Math.Clamp(Math.Sin(x / 40.0 + channel) * Math.Cos(y / 30.0) * 90 + 128 + 8 * normal, 0, 255);
                }
                pixels[at + 3] = 255;
            }
        using SKData encoded = image.Encode(SKEncodedImageFormat.Jpeg, Quality);
        return encoded.ToArray();
    }
}
