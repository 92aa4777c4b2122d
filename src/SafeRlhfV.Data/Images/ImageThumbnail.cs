namespace SafeRlhfV.Data;

/// <summary>Tiny copies of images, for terminals.</summary>
public static class ImageThumbnail
{
    /// <summary>The image with its longest side at most <paramref name="side"/> pixels, by nearest neighbour; null where it cannot be decoded.</summary>
    public static RgbImage? Of(byte[] bytes, int side) => ImageReader.Read(bytes, (fullWidth, fullHeight, rgb) =>
    {
        double scale = Math.Min(1, (double)side / Math.Max(fullWidth, fullHeight));
        int width = Math.Max(1, (int)(fullWidth * scale)), height = Math.Max(1, (int)(fullHeight * scale));
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0, to = 0; y < height; y++)
            for (int x = 0; x < width; x++, to += 3)
                rgb.Slice(((int)((y + 0.5) * fullHeight / height) * fullWidth + (int)((x + 0.5) * fullWidth / width)) * 3, 3).CopyTo(pixels.AsSpan(to));
        return new RgbImage(width, height, pixels);
    }, ImageDecodeOptions.Standard).Result;
}
