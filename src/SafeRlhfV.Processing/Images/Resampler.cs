namespace SafeRlhfV.Processing;

/// <summary>
/// Changes the size of images bit for bit as Pillow 13 does: one pass an axis, rounded to 8 bits after each; an axis whose size stays has no pass.
/// Only the pixels asked for are computed.
/// </summary>
public static class Resampler
{
    /// <summary>The whole image at another size.</summary>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter) =>
        Resize(image, width, height, filter, new PixelRegion(0, 0, width, height));

    /// <summary>A region of the image as it would be at another size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="width">Width that the whole image would get.</param>
    /// <param name="height">Height that the whole image would get.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="region">The part of the resized image that is wanted; it lies inside it.</param>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter, PixelRegion region)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (region.Left < 0 || region.Top < 0 || region.Width < 1 || region.Height < 1 || region.Left > width - region.Width
            || region.Top > height - region.Height)
            throw new ArgumentOutOfRangeException(nameof(region), region, $"does not lie inside {width} x {height}");
        bool horizontal = width != image.Width, vertical = height != image.Height;
        if (!horizontal && !vertical) return Crop(image, region);
        if (filter == ResampleFilter.Nearest) return Nearest(image, width, height, region);
        ResampleKernel? across = horizontal ? new(image.Width, width, filter, region.Left, region.Width) : null;
        ResampleKernel? down = vertical ? new(image.Height, height, filter, region.Top, region.Height) : null;
        if (across is null) return ResamplePasses.Vertical(image, region.Left, region.Width, down!);
        if (down is null) return ResamplePasses.Horizontal(image, region.Top, region.Height, across);
        if (IsVerticalFirst(image.Width, image.Height, width, height))
        {
            (int from, int to) = across.Reach;
            return ResamplePasses.Horizontal(ResamplePasses.Vertical(image, from, to - from, down), 0, region.Height, across, shift: from);
        }
        (int top, int bottom) = down.Reach;
        return ResamplePasses.Vertical(ResamplePasses.Horizontal(image, top, bottom - top, across), 0, region.Width, down, shift: top);
    }

    /// <summary>The middle of the image as it would be at another size; where that is smaller than the cut, black surrounds it.</summary>
    public static RgbImage CenterCrop(RgbImage image, int width, int height, int cropWidth, int cropHeight, ResampleFilter filter)
    {
        int left = (width - cropWidth) >> 1, top = (height - cropHeight) >> 1; // floors, also below zero
        PixelRegion inside = new(Math.Max(0, left), Math.Max(0, top), Math.Min(width, cropWidth), Math.Min(height, cropHeight));
        RgbImage part = Resize(image, width, height, filter, inside);
        return inside.Width == cropWidth && inside.Height == cropHeight
            ? part
            : Canvas.Lay(part, Math.Max(0, -left), Math.Max(0, -top), cropWidth, cropHeight, (0, 0, 0));
    }

    /// <summary>The order of the passes that Pillow 13 chooses (found by experiment; the rounding between them makes it visible).</summary>
    public static bool IsVerticalFirst(int width, int height, int newWidth, int newHeight) => newHeight < height
        && 2L * (width - newWidth) < height - newHeight;

    /// <summary>A part of an image; the image itself if the part is all of it.</summary>
    internal static RgbImage Crop(RgbImage image, PixelRegion region)
    {
        if (region == new PixelRegion(0, 0, image.Width, image.Height)) return image;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(region.Width * region.Height * 3);
        for (int y = 0; y < region.Height; y++)
            image.Pixels.AsSpan(((region.Top + y) * image.Width + region.Left) * 3, region.Width * 3).CopyTo(pixels.AsSpan(y * region.Width * 3));
        return new RgbImage(region.Width, region.Height, pixels);
    }

    private static RgbImage Nearest(RgbImage image, int width, int height, PixelRegion region)
    {
        int[] columns = NearestIndices(image.Width, width, region.Left, region.Width), rows = NearestIndices(image.Height, height, region.Top, region.Height);
        byte[] pixels = GC.AllocateUninitializedArray<byte>(region.Width * region.Height * 3);
        for (int y = 0, at = 0; y < region.Height; y++)
        {
            ReadOnlySpan<byte> row = image.Pixels.AsSpan(rows[y] * image.Width * 3, image.Width * 3);
            for (int x = 0; x < region.Width; x++, at += 3) row.Slice(columns[x] * 3, 3).CopyTo(pixels.AsSpan(at));
        }
        return new RgbImage(region.Width, region.Height, pixels);
    }

    // A running sum, not a product: its rounding errors decide some ties, and they must be the reference's
    private static int[] NearestIndices(int from, int to, int start, int length)
    {
        int[] indices = new int[length];
        double step = (double)from / to, at = step * 0.5;
        for (int i = 0; i < start + length; i++, at += step)
            if (i >= start) indices[i - start] = Math.Min((int)at, from - 1);
        return indices;
    }
}
