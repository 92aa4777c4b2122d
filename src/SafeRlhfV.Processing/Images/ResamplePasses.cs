namespace SafeRlhfV.Processing;

/// <summary>
/// The two passes of the resampler: sums of bytes times 22-bit weights, rounded and clipped to bytes. Large images are shared among the processors.
/// </summary>
internal static class ResamplePasses
{
    private const int Half = 1 << (ResampleKernel.Bits - 1);

    // multiplications below which a second thread costs more than it saves
    private const long WorkOfOneThread = 1 << 20;

    /// <summary>Resamples the rows [top, top + rows) along x.</summary>
    /// <param name="image">The image.</param>
    /// <param name="top">First row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="kernel">The weights.</param>
    /// <param name="shift">The column of the original at which the image given begins.</param>
    /// <param name="vectors">False for the plain loops, which the tests compare with.</param>
    public static RgbImage Horizontal(RgbImage image, int top, int rows, ResampleKernel kernel, int shift = 0, bool vectors = true)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(rows * kernel.Length * 3));
        (short[] packed, int stride) = vectors && VectorPasses.AreSupported ? kernel.InFours() : ([], 0);
        int reach = 0; // bytes from a row's start that the vectors may read
        for (int x = 0; packed.Length > 0 && x < kernel.Length; x++)
            reach = Math.Max(reach, (kernel.First(x) - shift) * 3 + (kernel.Count(x) + 3) / 4 * 12 + 4);
        Share(rows, (long)rows * kernel.Length * kernel.Taps * 3, (from, to) =>
        {
            // of the last rows the vectors would read beyond the image's end
            int vectorTo = packed.Length == 0 ? from : (int)Math.Clamp((image.Pixels.LongLength - reach) / (image.Width * 3L) + 1 - top, from, to);
            if (image.Pixels.Length < reach) vectorTo = from;
            VectorRows(image, top, from, vectorTo, kernel, packed, stride, shift, pixels);
            for (int y = vectorTo; y < to; y++)
                PlainRow(image.Pixels.AsSpan((top + y) * image.Width * 3, image.Width * 3), kernel, shift, pixels.AsSpan(y * kernel.Length * 3));
        });
        return new RgbImage(kernel.Length, rows, pixels);
    }

    /// <summary>Resamples the columns [left, left + columns) along y.</summary>
    /// <param name="image">The image.</param>
    /// <param name="left">First column.</param>
    /// <param name="columns">Columns.</param>
    /// <param name="kernel">The weights.</param>
    /// <param name="shift">The row of the original at which the image given begins.</param>
    /// <param name="vectors">False for the plain loops, which the tests compare with.</param>
    public static RgbImage Vertical(RgbImage image, int left, int columns, ResampleKernel kernel, int shift = 0, bool vectors = true)
    {
        int length = columns * 3;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(kernel.Length * length));
        (short[] packed, int stride) = vectors && VectorPasses.AreSupported && length >= 16 ? kernel.InPairs() : ([], 0);
        Share(kernel.Length, (long)kernel.Length * length * kernel.Taps, (from, to) =>
        {
            int[] sums = packed.Length == 0 ? new int[length] : [];
            for (int y = from; y < to; y++)
            {
                int start = ((kernel.First(y) - shift) * image.Width + left) * 3;
                Span<byte> target = pixels.AsSpan(y * length, length);
                if (packed.Length == 0) PlainColumn(image.Pixels.AsSpan(start), image.Width * 3, kernel.Weights(y), sums, target);
                else VectorColumn(image.Pixels, start, image.Width * 3, kernel.Count(y), packed.AsSpan(y * stride, stride), target);
            }
        });
        return new RgbImage(columns, kernel.Length, pixels);
    }

    private static void Share(int rows, long work, Action<int, int> part)
    {
        int parts = (int)Math.Min(Math.Min(Environment.ProcessorCount, rows), work / WorkOfOneThread);
        if (parts < 2) part(0, rows);
        else Parallel.For(0, parts, index => part((int)((long)rows * index / parts), (int)((long)rows * (index + 1) / parts)));
    }

    private static unsafe void VectorRows(RgbImage image, int top, int from, int to, ResampleKernel kernel, short[] packed, int stride, int shift,
        byte[] pixels)
    {
        if (from >= to) return;
        byte** sources = stackalloc byte*[VectorPasses.RowsAtOnce], targets = stackalloc byte*[VectorPasses.RowsAtOnce];
        fixed (byte* source = image.Pixels, target = pixels)
        fixed (short* weights = packed)
            for (int y = from; y < to; y += VectorPasses.RowsAtOnce)
            {
                for (int i = 0; i < VectorPasses.RowsAtOnce; i++)
                {
                    int row = Math.Min(y + i, to - 1); // at the end the last row is done again
                    sources[i] = source + (long)(top + row) * image.Width * 3;
                    targets[i] = target + (long)row * kernel.Length * 3;
                }
                VectorPasses.Rows(sources, targets, kernel, weights, stride, shift);
            }
    }

    private static unsafe void VectorColumn(byte[] pixels, int start, int pitch, int taps, ReadOnlySpan<short> packed, Span<byte> target)
    {
        fixed (byte* source = &pixels[start], to = target)
        fixed (short* weights = packed)
            VectorPasses.Column(source, pitch, taps, weights, to, target.Length);
    }

    private static void PlainRow(ReadOnlySpan<byte> row, ResampleKernel kernel, int shift, Span<byte> target)
    {
        for (int x = 0, at = 0; x < kernel.Length; x++, at += 3)
        {
            int red = Half, green = Half, blue = Half, from = (kernel.First(x) - shift) * 3;
            foreach (int weight in kernel.Weights(x))
            {
                red += row[from] * weight;
                green += row[from + 1] * weight;
                blue += row[from + 2] * weight;
                from += 3;
            }
            (target[at], target[at + 1], target[at + 2]) = (Clip(red), Clip(green), Clip(blue));
        }
    }

    private static void PlainColumn(ReadOnlySpan<byte> source, int pitch, ReadOnlySpan<int> weights, int[] sums, Span<byte> target)
    {
        sums.AsSpan().Fill(Half);
        foreach (int weight in weights)
        {
            for (int i = 0; i < sums.Length; i++) sums[i] += source[i] * weight;
            source = source.Length > pitch ? source[pitch..] : [];
        }
        for (int i = 0; i < sums.Length; i++) target[i] = Clip(sums[i]);
    }

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> ResampleKernel.Bits, 0, 255);
}
