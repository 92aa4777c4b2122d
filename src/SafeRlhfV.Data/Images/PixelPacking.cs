using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SafeRlhfV.Data;

/// <summary>From decoded RGBA (not premultiplied) to RGB.</summary>
internal static class PixelPacking
{
    /// <summary>Drops the fourth channel.</summary>
    public static void ToRgb(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        int from = 0, to = 0;
        if (Ssse3.IsSupported)
        {
            // four pixels at a time; the four bytes written too many are overwritten by the next step
            Vector128<byte> order = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 0x80, 0x80, 0x80, 0x80);
            ref byte source = ref MemoryMarshal.GetReference(rgba), target = ref MemoryMarshal.GetReference(rgb);
            for (; to + 16 <= rgb.Length; from += 16, to += 12)
                Ssse3.Shuffle(Vector128.LoadUnsafe(ref Unsafe.Add(ref source, from)), order).StoreUnsafe(ref Unsafe.Add(ref target, to));
        }
        for (; to < rgb.Length; from += 4, to += 3) (rgb[to], rgb[to + 1], rgb[to + 2]) = (rgba[from], rgba[from + 1], rgba[from + 2]);
    }

    /// <summary>Lays the pixels on a ground whose three channels are alike, rounding as Pillow's `alpha_composite` does.</summary>
    public static void ToRgbOn(ReadOnlySpan<byte> rgba, Span<byte> rgb, int ground)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
        {
            int alpha = rgba[from + 3];
            (rgb[to], rgb[to + 1], rgb[to + 2]) = (Over(rgba[from], alpha, ground), Over(rgba[from + 1], alpha, ground),
                Over(rgba[from + 2], alpha, ground));
        }
    }

    /// <summary>Cuts 16-bit values, decoded to parts of 1, at 255.</summary>
    public static void ClipToRgb(ReadOnlySpan<Half> rgba, Span<byte> rgb)
    {
        for (int from = 0, to = 0; to < rgb.Length; from += 4, to += 3)
            for (int channel = 0; channel < 3; channel++) rgb[to + channel] = (byte)Math.Clamp(MathF.Round((float)rgba[from + channel] * 65535), 0, 255);
    }

    /// <summary>Makes all pixels of one colour white.</summary>
    public static void Whiten(Span<byte> rgb, (byte Red, byte Green, byte Blue) colour)
    {
        for (int i = 0; i + 2 < rgb.Length; i += 3)
            if ((rgb[i], rgb[i + 1], rgb[i + 2]) == colour) rgb.Slice(i, 3).Fill(255);
    }

    // (v a + ground (255 - a)) / 255 in fixed point; the quotient by 255 is ((t >> 8) + t) >> 8, as the reference takes it
    private static byte Over(int value, int alpha, int ground)
    {
        int sum = ((value * alpha + ground * (255 - alpha)) << 7) + (0x80 << 7);
        return (byte)(((sum >> 8) + sum >> 8) >> 7);
    }
}
