namespace SafeRlhfV.Processing;

/// <summary>Lays images on larger grounds.</summary>
internal static class Canvas
{
    /// <summary>The image in the middle of a square of the colour int(255 mean).</summary>
    public static RgbImage ToSquare(RgbImage image, IReadOnlyList<double> mean)
    {
        int side = Math.Max(image.Width, image.Height);
        return image.Width == image.Height ? image
            : Lay(image, (side - image.Width) / 2, (side - image.Height) / 2, side, side,
                ((byte)(mean[0] * 255), (byte)(mean[1] * 255), (byte)(mean[2] * 255)));
    }

    /// <summary>The image at a place of a ground of one colour; what hangs over its edges is cut off.</summary>
    public static RgbImage Lay(RgbImage image, int left, int top, int width, int height, (byte Red, byte Green, byte Blue) colour)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(checked(width * height * 3));
        if (colour.Red == colour.Green && colour.Green == colour.Blue) pixels.AsSpan().Fill(colour.Red);
        else
            for (int i = 0; i < pixels.Length; i += 3) (pixels[i], pixels[i + 1], pixels[i + 2]) = colour;
        int fromX = Math.Max(0, -left), toX = Math.Min(image.Width, width - left);
        for (int y = Math.Max(0, -top); y < Math.Min(image.Height, height - top) && fromX < toX; y++)
            image.Pixels.AsSpan((y * image.Width + fromX) * 3, (toX - fromX) * 3).CopyTo(pixels.AsSpan(((top + y) * width + left + fromX) * 3));
        return new RgbImage(width, height, pixels);
    }
}
