using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SafeRlhfV.Processing;

/// <summary>
/// The resampler's inner loops with AVX2. Weights of 23 bits are split in two parts of 12, each summed with 16-bit multiply-adds; put together again the sums
/// are those of the plain loops, bit for bit (32-bit sums may wrap on the way, as the whole does not).
/// </summary>
internal static unsafe class VectorPasses
{
    /// <summary>Rows that one call of <see cref="Rows"/> computes.</summary>
    public const int RowsAtOnce = 4;

    // four pixels' bytes as pairs of 16-bit numbers: (r0, r1) (g0, g1) (b0, b1) in the lower half, those of pixels 2 and 3 in the upper
    private static readonly Vector256<byte> PixelPairs = Vector256.Create(
        (byte)0, 0x80, 3, 0x80, 1, 0x80, 4, 0x80, 2, 0x80, 5, 0x80, 0x80, 0x80, 0x80, 0x80,
        6, 0x80, 9, 0x80, 7, 0x80, 10, 0x80, 8, 0x80, 11, 0x80, 0x80, 0x80, 0x80, 0x80);

    // the weights of pixels 0 and 1 for every colour of the lower half, of 2 and 3 for the upper
    private static readonly Vector256<byte> WeightPairs = Vector256.Create((byte)0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5,
        6, 7, 4, 5, 6, 7);

    /// <summary>Whether the machine has the instructions.</summary>
    public static bool AreSupported => Avx2.IsSupported;

    /// <summary>Four rows resampled along x. Reads up to 16 bytes from the start of every group of four taps.</summary>
    /// <param name="from">Where the four rows begin.</param>
    /// <param name="to">Where their results go.</param>
    /// <param name="kernel">The weights.</param>
    /// <param name="packed">The same, <see cref="ResampleKernel.InFours"/>.</param>
    /// <param name="stride">Shorts of one output in <paramref name="packed"/>.</param>
    /// <param name="shift">The column at which the rows begin.</param>
    public static void Rows(byte** from, byte** to, ResampleKernel kernel, short* packed, int stride, int shift)
    {
        byte* row0 = from[0], row1 = from[1], row2 = from[2], row3 = from[3];
        for (int x = 0; x < kernel.Length; x++, packed += stride)
        {
            Vector256<int> low0 = default, low1 = default, low2 = default, low3 = default, high0 = default, high1 = default, high2 = default, high3 = default;
            int at = (kernel.First(x) - shift) * 3;
            short* end = packed + (kernel.Count(x) + 3) / 4 * 8;
            for (short* group = packed; group < end; group += 8, at += 12)
            {
                Vector256<short> low = Avx2.Shuffle(Vector256.Create(*(long*)group).AsByte(), WeightPairs).AsInt16();
                Vector256<short> high = Avx2.Shuffle(Vector256.Create(*(long*)(group + 4)).AsByte(), WeightPairs).AsInt16();
                Vector256<short> pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row0 + at), PixelPairs).AsInt16();
                low0 += Avx2.MultiplyAddAdjacent(pixels, low);
                high0 += Avx2.MultiplyAddAdjacent(pixels, high);
                pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row1 + at), PixelPairs).AsInt16();
                low1 += Avx2.MultiplyAddAdjacent(pixels, low);
                high1 += Avx2.MultiplyAddAdjacent(pixels, high);
                pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row2 + at), PixelPairs).AsInt16();
                low2 += Avx2.MultiplyAddAdjacent(pixels, low);
                high2 += Avx2.MultiplyAddAdjacent(pixels, high);
                pixels = Avx2.Shuffle(Avx2.BroadcastVector128ToVector256(row3 + at), PixelPairs).AsInt16();
                low3 += Avx2.MultiplyAddAdjacent(pixels, low);
                high3 += Avx2.MultiplyAddAdjacent(pixels, high);
            }
            Vector128<uint> bytes = Sse2.PackUnsignedSaturate(
                Sse2.PackSignedSaturate(Folded(low0, high0), Folded(low1, high1)), Sse2.PackSignedSaturate(Folded(low2, high2), Folded(low3, high3)))
                    .AsUInt32();
            bool isLast = x == kernel.Length - 1;
            for (int row = 0; row < RowsAtOnce; row++)
            {
                // the fourth byte is overwritten by the next pixel; after the last one there is none, and the byte is another thread's
                byte* target = to[row] + x * 3;
                uint pixel = bytes.GetElement(row);
                if (!isLast) *(uint*)target = pixel;
                else
                {
                    *(ushort*)target = (ushort)pixel;
                    target[2] = (byte)(pixel >> 16);
                }
            }
        }
    }

    /// <summary>One output row from the rows below each other at <paramref name="from"/>; at least 16 bytes wide.</summary>
    /// <param name="from">The first row that has a weight.</param>
    /// <param name="pitch">Bytes from row to row.</param>
    /// <param name="taps">Rows that have weights.</param>
    /// <param name="packed">Their weights, <see cref="ResampleKernel.InPairs"/>.</param>
    /// <param name="to">Where the result goes.</param>
    /// <param name="length">Bytes of the row.</param>
    public static void Column(byte* from, long pitch, int taps, short* packed, byte* to, int length)
    {
        for (int start = 0; start < length; start += 16)
        {
            int at = Math.Min(start, length - 16); // the last block lies over the one before
            byte* source = from + at;
            Vector256<int> lowLeft = default, highLeft = default, lowRight = default, highRight = default;
            for (int tap = 0; tap < taps; tap += 2, source += 2 * pitch)
            {
                Vector256<short> low = Vector256.Create(*(int*)(packed + 2 * tap)).AsInt16(), high = Vector256.Create(*(int*)(packed + 2 * tap + 2)).AsInt16();
                Vector128<byte> upper = Vector128.Load(source), lower = tap + 1 < taps ? Vector128.Load(source + pitch) : default;
                Vector256<short> left = Avx2.ConvertToVector256Int16(Sse2.UnpackLow(upper, lower)),
                    right = Avx2.ConvertToVector256Int16(Sse2.UnpackHigh(upper, lower));
                lowLeft += Avx2.MultiplyAddAdjacent(left, low);
                highLeft += Avx2.MultiplyAddAdjacent(left, high);
                lowRight += Avx2.MultiplyAddAdjacent(right, low);
                highRight += Avx2.MultiplyAddAdjacent(right, high);
            }
            Vector256<int> sumLeft = Joined(lowLeft, highLeft), sumRight = Joined(lowRight, highRight);
            Sse2.PackUnsignedSaturate(Sse2.PackSignedSaturate(sumLeft.GetLower(), sumLeft.GetUpper()),
                Sse2.PackSignedSaturate(sumRight.GetLower(), sumRight.GetUpper())).Store(to + at);
        }
    }

    private static Vector256<int> Joined(Vector256<int> low, Vector256<int> high) =>
        (low + (high << ResampleKernel.LowBits) + Vector256.Create(1 << (ResampleKernel.Bits - 1))) >> ResampleKernel.Bits;

    // both halves hold sums of one pixel's colours
    private static Vector128<int> Folded(Vector256<int> low, Vector256<int> high)
    {
        Vector256<int> sums = low + (high << ResampleKernel.LowBits);
        return (sums.GetLower() + sums.GetUpper() + Vector128.Create(1 << (ResampleKernel.Bits - 1))) >> ResampleKernel.Bits;
    }
}
