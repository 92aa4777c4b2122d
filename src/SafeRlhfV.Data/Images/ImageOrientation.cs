using SkiaSharp;

namespace SafeRlhfV.Data;

/// <summary>The eight ways in which EXIF lets a camera lay down an image.</summary>
internal static class ImageOrientation
{
    /// <summary>Whether width and height change places.</summary>
    public static bool Swaps(SKEncodedOrigin origin) =>
        origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;

    /// <summary>The image upright; itself if it is so already.</summary>
    public static RgbImage Apply(RgbImage image, SKEncodedOrigin origin)
    {
        (bool swap, bool mirrorX, bool mirrorY) = origin switch
        {
            SKEncodedOrigin.TopRight => (false, true, false),
            SKEncodedOrigin.BottomRight => (false, true, true),
            SKEncodedOrigin.BottomLeft => (false, false, true),
            SKEncodedOrigin.LeftTop => (true, false, false),
            SKEncodedOrigin.RightTop => (true, false, true),
            SKEncodedOrigin.RightBottom => (true, true, true),
            SKEncodedOrigin.LeftBottom => (true, true, false),
            _ => (false, false, false),
        };
        if (!swap && !mirrorX && !mirrorY) return image;
        (int width, int height) = swap ? (image.Height, image.Width) : (image.Width, image.Height);
        byte[] to = GC.AllocateUninitializedArray<byte>(image.Pixels.Length);
        for (int y = 0, at = 0; y < height; y++)
            for (int x = 0; x < width; x++, at += 3)
            {
                (int fromX, int fromY) = swap ? (y, x) : (x, y);
                if (mirrorX) fromX = image.Width - 1 - fromX;
                if (mirrorY) fromY = image.Height - 1 - fromY;
                image.Pixels.AsSpan((fromY * image.Width + fromX) * 3, 3).CopyTo(to.AsSpan(at));
            }
        return new RgbImage(width, height, to);
    }
}
