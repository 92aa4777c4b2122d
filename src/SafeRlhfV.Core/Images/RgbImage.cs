namespace SafeRlhfV.Core;

/// <summary>A decoded image: 8-bit RGB, rows top to bottom, interleaved ([Height, Width, 3]).</summary>
public sealed record RgbImage
{
    /// <summary>Wraps pixels without copying; their length must be width x height x 3.</summary>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (pixels.LongLength != (long)width * height * 3)
            throw new ArgumentException($"{width} x {height} RGB needs {(long)width * height * 3} bytes, not {pixels.LongLength}.", nameof(pixels));
        (Width, Height, Pixels) = (width, height, pixels);
    }

    /// <summary>An image of one grey: what a model is shown in place of the true image, to see what it knows without looking.</summary>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="level">The value of all three channels.</param>
    public static RgbImage Grey(int width, int height, byte level = 128)
    {
        byte[] pixels = new byte[3 * width * height];
        Array.Fill(pixels, level);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The bytes, [Height, Width, 3].</summary>
    public byte[] Pixels { get; }
}
