namespace SafeRlhfV.Processing;

/// <summary>The arithmetic by which processors choose the size of an image; every rounding is the reference's.</summary>
public static class ImageSizes
{
    /// <summary>CLIP: the shortest edge gets a size, the other one in proportion, cut down to a whole number.</summary>
    /// <exception cref="InvalidInputException">The other edge would be absurdly long.</exception>
    public static (int Height, int Width) ShortestEdge(int height, int width, int edge)
    {
        long other = (long)((double)((long)edge * Math.Max(height, width)) / Math.Min(height, width));
        if (other > int.MaxValue / 4) throw new InvalidInputException($"the image is {width} x {height} pixels: too long and thin to be resized; cut it.");
        return height <= width ? (edge, (int)other) : ((int)other, edge);
    }

    /// <summary>LLaVA-NeXT: the largest size of the image's proportions inside a resolution, rounded up.</summary>
    public static (int Height, int Width) Inside(int height, int width, int mostHeight, int mostWidth)
    {
        double scaleWidth = (double)mostWidth / width, scaleHeight = (double)mostHeight / height;
        return scaleWidth < scaleHeight
            ? (Math.Min((int)Math.Ceiling(height * scaleWidth), mostHeight), mostWidth)
            : (mostHeight, Math.Min((int)Math.Ceiling(width * scaleHeight), mostWidth));
    }

    /// <summary>Why smart resize refuses an image of this size; null where it takes it.</summary>
    public static string? SmartRefusal(int width, int height) => (double)Math.Max(height, width) / Math.Min(height, width) > 200
        ? $"the image is {width} x {height} pixels: one side is more than 200 times the other, which the model does not take; cut it." : null;

    /// <summary>
    /// Qwen's smart resize: both sides multiples of <paramref name="factor"/>, the area between the bounds, the proportions kept as well as that allows.
    /// Halves are rounded to even.
    /// </summary>
    /// <exception cref="InvalidInputException">One side is more than 200 times the other.</exception>
    public static (int Height, int Width) Smart(int height, int width, int factor, long minPixels, long maxPixels)
    {
        if (SmartRefusal(width, height) is { } why) throw new InvalidInputException(why);
        long high = (long)Math.Round((double)height / factor) * factor, wide = (long)Math.Round((double)width / factor) * factor;
        if (high * wide > maxPixels)
        {
            double shrink = Math.Sqrt((double)((long)height * width) / maxPixels);
            (high, wide) = (Math.Max(factor, (long)Math.Floor(height / shrink / factor) * factor),
                Math.Max(factor, (long)Math.Floor(width / shrink / factor) * factor));
        }
        else if (high * wide < minPixels)
        {
            double grow = Math.Sqrt((double)minPixels / ((long)height * width));
            (high, wide) = ((long)Math.Ceiling(height * grow / factor) * factor, (long)Math.Ceiling(width * grow / factor) * factor);
        }
        return ((int)high, (int)wide);
    }
}
