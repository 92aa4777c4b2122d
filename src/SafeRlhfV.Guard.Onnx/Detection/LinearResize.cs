namespace SafeRlhfV.Guard.Onnx;

/// <summary>Resizes as OpenCV's INTER_LINEAR does: half-pixel centres, no smoothing when shrinking, weights of 11 bits.</summary>
internal static class LinearResize
{
    private const int Bits = 11;

    /// <summary>The image at another size.</summary>
    public static RgbImage Apply(RgbImage image, int width, int height)
    {
        if (width == image.Width && height == image.Height) return image;
        (int First, int Second, int FirstWeight, int SecondWeight)[] columns = Taps(image.Width, width), rows = Taps(image.Height, height);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(width * height * 3);
        int[] upper = new int[width * 3], lower = new int[width * 3];
        int upperRow = -1, lowerRow = -1;
        for (int y = 0, at = 0; y < height; y++)
        {
            (int first, int second, int firstWeight, int secondWeight) = rows[y];
            if (first == lowerRow) (upper, lower, upperRow, lowerRow) = (lower, upper, lowerRow, upperRow);
            if (first != upperRow) Across(image, upperRow = first, columns, upper);
            if (second != lowerRow) Across(image, lowerRow = second, columns, lower);
            for (int i = 0; i < upper.Length; i++)
                pixels[at++] = (byte)(((((upper[i] >> 4) * firstWeight) >> 16) + (((lower[i] >> 4) * secondWeight) >> 16) + 2) >> 2);
        }
        return new RgbImage(width, height, pixels);
    }

    private static void Across(RgbImage image, int row, (int First, int Second, int FirstWeight, int SecondWeight)[] columns, int[] result)
    {
        ReadOnlySpan<byte> pixels = image.Pixels.AsSpan(row * image.Width * 3, image.Width * 3);
        for (int x = 0, at = 0; x < columns.Length; x++)
        {
            (int first, int second, int firstWeight, int secondWeight) = columns[x];
            for (int c = 0; c < 3; c++) result[at++] = pixels[first * 3 + c] * firstWeight + pixels[second * 3 + c] * secondWeight;
        }
    }

    private static (int, int, int, int)[] Taps(int from, int to)
    {
        (int, int, int, int)[] taps = new (int, int, int, int)[to];
        double scale = (double)from / to;
        for (int i = 0; i < to; i++)
        {
            float place = (float)((i + 0.5) * scale - 0.5);
            int first = (int)MathF.Floor(place);
            float part = place - first;
            if (first < 0) (first, part) = (0, 0);
            if (first >= from - 1) (first, part) = (from - 1, 0);
            taps[i] = (first, Math.Min(first + 1, from - 1), Weight(1 - part), Weight(part));
        }
        return taps;
    }

    private static int Weight(float part) => (int)MathF.Round(part * (1 << Bits));
}
