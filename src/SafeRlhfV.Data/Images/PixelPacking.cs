namespace SafeRlhfV.Data;

/// <summary>From decoded RGBA (not premultiplied) to RGB.</summary>
internal static class PixelPacking
{
    /// <summary>Drops the fourth channel, or lays the pixels on white by it, rounding as Pillow's `alpha_composite` does.</summary>
    public static void ToRgb(ReadOnlySpan<byte> rgba, Span<byte> rgb, bool onWhite)
    {
        for (int i = 0, j = 0; i + 3 < rgba.Length; i += 4, j += 3)
        {
            int alpha = onWhite ? rgba[i + 3] : 255;
            rgb[j] = Over(rgba[i], alpha);
            rgb[j + 1] = Over(rgba[i + 1], alpha);
            rgb[j + 2] = Over(rgba[i + 2], alpha);
        }
    }

    // (v a + 255 (255 - a)) / 255 in fixed point; the quotient by 255 is ((t >> 8) + t) >> 8, as the reference takes it
    private static byte Over(int value, int alpha)
    {
        int sum = ((value * alpha + 255 * (255 - alpha)) << 7) + (0x80 << 7);
        return (byte)(((sum >> 8) + sum >> 8) >> 7);
    }
}
