namespace SafeRlhfV.Data;

/// <summary>Tiny copies of pictures, for terminals.</summary>
public static class PictureThumbnail
{
    /// <summary>The picture with its longest side at most <paramref name="side"/> pixels, by nearest neighbour; null where it cannot be decoded.</summary>
    public static RgbImage? Of(byte[] bytes, int side)
    {
        if (PictureReader.Read(bytes).Picture is not { } picture) return null;
        double scale = Math.Min(1, (double)side / Math.Max(picture.Width, picture.Height));
        int width = Math.Max(1, (int)(picture.Width * scale)), height = Math.Max(1, (int)(picture.Height * scale));
        byte[] pixels = new byte[width * height * 3];
        for (int y = 0, to = 0; y < height; y++)
            for (int x = 0; x < width; x++, to += 3)
                picture.Pixels.AsSpan(((int)((y + 0.5) * picture.Height / height) * picture.Width + (int)((x + 0.5) * picture.Width / width)) * 3, 3).CopyTo(pixels.AsSpan(to));
        return new RgbImage(width, height, pixels);
    }
}
