namespace SafeRlhfV.Guard.Onnx;

/// <summary>An image fitted into a detector's square input, and where it lies there.</summary>
/// <param name="Image">The square.</param>
/// <param name="Source">The image's own width and height, in pixels.</param>
/// <param name="Scale">Pixels of the square to one of the image.</param>
/// <param name="Left">The image's first column in the square.</param>
/// <param name="Top">The image's first row in the square.</param>
internal sealed record Letterbox(RgbImage Image, (int Width, int Height) Source, double Scale, int Left, int Top)
{
    /// <summary>In the upper left corner: the image is made a square first, then resized.</summary>
    public static Letterbox TopLeft(RgbImage image, int size, byte pad)
    {
        int side = Math.Max(image.Width, image.Height);
        RgbImage square = image.Width == image.Height ? image : Lay(image, side, 0, 0, pad);
        return new(LinearResize.Apply(square, size, size), (image.Width, image.Height), (double)size / side, 0, 0);
    }

    /// <summary>In the middle: the image is resized first, then surrounded.</summary>
    public static Letterbox Centred(RgbImage image, int size, byte pad)
    {
        double ratio = Math.Min((double)size / image.Width, (double)size / image.Height);
        int width = Math.Max(1, (int)Math.Round(image.Width * ratio)), height = Math.Max(1, (int)Math.Round(image.Height * ratio));
        int left = (int)Math.Round((size - width) / 2.0 - 0.1), top = (int)Math.Round((size - height) / 2.0 - 0.1);
        return new(Lay(LinearResize.Apply(image, width, height), size, left, top, pad), (image.Width, image.Height), ratio, left, top);
    }

    private static RgbImage Lay(RgbImage image, int side, int left, int top, byte pad)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(side * side * 3));
        pixels.AsSpan().Fill(pad);
        for (int y = 0; y < image.Height; y++)
            image.Pixels.AsSpan(y * image.Width * 3, image.Width * 3).CopyTo(pixels.AsSpan(((top + y) * side + left) * 3));
        return new RgbImage(side, side, pixels);
    }
}
