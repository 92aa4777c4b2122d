using SafeRlhfV.Data;

namespace SafeRlhfV.Models;

/// <summary>The two passes of the resampler: sums of bytes times 22-bit weights, rounded and clipped to bytes.</summary>
internal static class ResamplePasses
{
    private const int Half = 1 << (ResampleKernel.Bits - 1);

    /// <summary>Resamples the rows [top, top + rows) along x; <paramref name="shift"/> is the column of the original at which the picture given begins.</summary>
    public static RgbImage Horizontal(RgbImage image, int top, int rows, ResampleKernel kernel, int shift = 0)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(rows * kernel.Length * 3));
        for (int y = 0, at = 0; y < rows; y++)
        {
            ReadOnlySpan<byte> row = image.Pixels.AsSpan((top + y) * image.Width * 3, image.Width * 3);
            for (int x = 0; x < kernel.Length; x++, at += 3)
            {
                int red = Half, green = Half, blue = Half, from = (kernel.First(x) - shift) * 3;
                foreach (int weight in kernel.Weights(x))
                {
                    red += row[from] * weight;
                    green += row[from + 1] * weight;
                    blue += row[from + 2] * weight;
                    from += 3;
                }
                (pixels[at], pixels[at + 1], pixels[at + 2]) = (Clip(red), Clip(green), Clip(blue));
            }
        }
        return new RgbImage(kernel.Length, rows, pixels);
    }

    /// <summary>Resamples the columns [left, left + columns) along y; <paramref name="shift"/> is the row of the original at which the picture given begins.</summary>
    public static RgbImage Vertical(RgbImage image, int left, int columns, ResampleKernel kernel, int shift = 0)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(kernel.Length * columns * 3));
        int[] sums = new int[columns * 3];
        for (int y = 0; y < kernel.Length; y++)
        {
            sums.AsSpan().Fill(Half);
            int from = ((kernel.First(y) - shift) * image.Width + left) * 3;
            foreach (int weight in kernel.Weights(y))
            {
                ReadOnlySpan<byte> row = image.Pixels.AsSpan(from, sums.Length);
                for (int i = 0; i < sums.Length; i++) sums[i] += row[i] * weight;
                from += image.Width * 3;
            }
            Span<byte> to = pixels.AsSpan(y * sums.Length, sums.Length);
            for (int i = 0; i < sums.Length; i++) to[i] = Clip(sums[i]);
        }
        return new RgbImage(columns, kernel.Length, pixels);
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleKernel.Bits, 0, 255);
}
