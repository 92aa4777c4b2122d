using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SafeRlhfV.Models;

/// <summary>The kernel of <see cref="FewRowProducts"/> for vectors of 256 bits: half as many rows at a time, for there are half as many registers.</summary>
internal static unsafe class FewRowsNarrow
{
    // outputs that are computed together, and numbers of a vector
    private const int Tile = 4, Width = 8;

    /// <summary>Whether the processor has them.</summary>
    public static bool IsSupported => Fma.IsSupported;

    /// <summary>As <see cref="FewRowsWide.Block"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(float* x, float* w, float* bias, float* y, int rows, int size, int width)
    {
        Vector128<float> low = bias == null ? default : Vector128.Load(bias), high = bias == null ? default : Vector128.Load(bias + Tile);
        int row = 0;
        for (; row + 2 <= rows; row += 2)
        {
            float* rowsOfX = x + ((long)row * size), result = y + ((long)row * width);
            Two(rowsOfX, w, size, result, width, low);
            Two(rowsOfX, w + (Tile * size), size, result + Tile, width, high);
        }
        if (row < rows) One(x + ((long)row * size), w, size, y + ((long)row * width), low, high);
    }

    // two rows and four outputs
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Two(float* x, float* w, int size, float* y, int width, Vector128<float> bias)
    {
        float* x1 = x + size, w1 = w + size, w2 = w1 + size, w3 = w2 + size;
        Vector256<float> s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        for (int i = 0; i < size; i += Width)
        {
            Vector256<float> a = Vector256.Load(w + i), b = Vector256.Load(w1 + i), c = Vector256.Load(w2 + i), d = Vector256.Load(w3 + i);
            Vector256<float> v = Vector256.Load(x + i);
            s00 = Fma.MultiplyAdd(v, a, s00);
            s01 = Fma.MultiplyAdd(v, b, s01);
            s02 = Fma.MultiplyAdd(v, c, s02);
            s03 = Fma.MultiplyAdd(v, d, s03);
            v = Vector256.Load(x1 + i);
            s10 = Fma.MultiplyAdd(v, a, s10);
            s11 = Fma.MultiplyAdd(v, b, s11);
            s12 = Fma.MultiplyAdd(v, c, s12);
            s13 = Fma.MultiplyAdd(v, d, s13);
        }
        (Sums(s00, s01, s02, s03) + bias).Store(y);
        (Sums(s10, s11, s12, s13) + bias).Store(y + width);
    }

    // one row and eight outputs, each summed as above
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(float* x, float* w, int size, float* y, Vector128<float> low, Vector128<float> high)
    {
        float* w1 = w + size, w2 = w1 + size, w3 = w2 + size, w4 = w3 + size, w5 = w4 + size, w6 = w5 + size, w7 = w6 + size;
        Vector256<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int i = 0; i < size; i += Width)
        {
            Vector256<float> v = Vector256.Load(x + i);
            s0 = Fma.MultiplyAdd(v, Vector256.Load(w + i), s0);
            s1 = Fma.MultiplyAdd(v, Vector256.Load(w1 + i), s1);
            s2 = Fma.MultiplyAdd(v, Vector256.Load(w2 + i), s2);
            s3 = Fma.MultiplyAdd(v, Vector256.Load(w3 + i), s3);
            s4 = Fma.MultiplyAdd(v, Vector256.Load(w4 + i), s4);
            s5 = Fma.MultiplyAdd(v, Vector256.Load(w5 + i), s5);
            s6 = Fma.MultiplyAdd(v, Vector256.Load(w6 + i), s6);
            s7 = Fma.MultiplyAdd(v, Vector256.Load(w7 + i), s7);
        }
        (Sums(s0, s1, s2, s3) + low).Store(y);
        (Sums(s4, s5, s6, s7) + high).Store(y + Tile);
    }

    // the sums of four vectors
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector256<float> a, Vector256<float> b, Vector256<float> c, Vector256<float> d)
    {
        Vector256<float> ab = Avx.UnpackLow(a, b) + Avx.UnpackHigh(a, b), cd = Avx.UnpackLow(c, d) + Avx.UnpackHigh(c, d);
        Vector256<float> abcd = Avx.Shuffle(ab, cd, 0b01_00_01_00) + Avx.Shuffle(ab, cd, 0b11_10_11_10);
        return abcd.GetLower() + abcd.GetUpper();
    }
}
