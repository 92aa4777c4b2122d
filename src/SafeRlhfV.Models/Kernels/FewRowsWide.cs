using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SafeRlhfV.Models;

/// <summary>The kernel of <see cref="FewRowProducts"/> for vectors of 512 bits.</summary>
internal static unsafe class FewRowsWide
{
    // rows and outputs that are computed together, and numbers of a vector
    private const int Tile = 4, Width = 16;

    /// <summary>Whether the processor has them.</summary>
    public static bool IsSupported => Avx512F.IsSupported;

    /// <summary>Eight outputs of all rows.</summary>
    /// <param name="x">The rows.</param>
    /// <param name="w">Eight rows of the matrix.</param>
    /// <param name="bias">Eight numbers; null = nothing is added.</param>
    /// <param name="y">The first row's eight results.</param>
    /// <param name="rows">B.</param>
    /// <param name="size">I.</param>
    /// <param name="width">O: numbers from one row's results to the next row's.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Block(float* x, float* w, float* bias, float* y, int rows, int size, int width)
    {
        Vector128<float> low = bias == null ? default : Vector128.Load(bias), high = bias == null ? default : Vector128.Load(bias + Tile);
        int row = 0;
        for (; row + Tile <= rows; row += Tile)
        {
            float* rowsOfX = x + ((long)row * size), result = y + ((long)row * width);
            Four(rowsOfX, w, size, result, width, low);
            Four(rowsOfX, w + (Tile * size), size, result + Tile, width, high);
        }
        for (; row < rows; row++) One(x + ((long)row * size), w, size, y + ((long)row * width), low, high);
    }

    // four rows and four outputs
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(float* x, float* w, int size, float* y, int width, Vector128<float> bias)
    {
        float* x1 = x + size, x2 = x1 + size, x3 = x2 + size, w1 = w + size, w2 = w1 + size, w3 = w2 + size;
        Vector512<float> s00 = default, s01 = default, s02 = default, s03 = default, s10 = default, s11 = default, s12 = default, s13 = default;
        Vector512<float> s20 = default, s21 = default, s22 = default, s23 = default, s30 = default, s31 = default, s32 = default, s33 = default;
        for (int i = 0; i < size; i += Width)
        {
            Vector512<float> a = Vector512.Load(w + i), b = Vector512.Load(w1 + i), c = Vector512.Load(w2 + i), d = Vector512.Load(w3 + i);
            Vector512<float> v = Vector512.Load(x + i);
            s00 = Avx512F.FusedMultiplyAdd(v, a, s00);
            s01 = Avx512F.FusedMultiplyAdd(v, b, s01);
            s02 = Avx512F.FusedMultiplyAdd(v, c, s02);
            s03 = Avx512F.FusedMultiplyAdd(v, d, s03);
            v = Vector512.Load(x1 + i);
            s10 = Avx512F.FusedMultiplyAdd(v, a, s10);
            s11 = Avx512F.FusedMultiplyAdd(v, b, s11);
            s12 = Avx512F.FusedMultiplyAdd(v, c, s12);
            s13 = Avx512F.FusedMultiplyAdd(v, d, s13);
            v = Vector512.Load(x2 + i);
            s20 = Avx512F.FusedMultiplyAdd(v, a, s20);
            s21 = Avx512F.FusedMultiplyAdd(v, b, s21);
            s22 = Avx512F.FusedMultiplyAdd(v, c, s22);
            s23 = Avx512F.FusedMultiplyAdd(v, d, s23);
            v = Vector512.Load(x3 + i);
            s30 = Avx512F.FusedMultiplyAdd(v, a, s30);
            s31 = Avx512F.FusedMultiplyAdd(v, b, s31);
            s32 = Avx512F.FusedMultiplyAdd(v, c, s32);
            s33 = Avx512F.FusedMultiplyAdd(v, d, s33);
        }
        (Sums(s00, s01, s02, s03) + bias).Store(y);
        (Sums(s10, s11, s12, s13) + bias).Store(y + width);
        (Sums(s20, s21, s22, s23) + bias).Store(y + (2 * width));
        (Sums(s30, s31, s32, s33) + bias).Store(y + (3 * width));
    }

    // one row and eight outputs, each summed as above
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One(float* x, float* w, int size, float* y, Vector128<float> low, Vector128<float> high)
    {
        float* w1 = w + size, w2 = w1 + size, w3 = w2 + size, w4 = w3 + size, w5 = w4 + size, w6 = w5 + size, w7 = w6 + size;
        Vector512<float> s0 = default, s1 = default, s2 = default, s3 = default, s4 = default, s5 = default, s6 = default, s7 = default;
        for (int i = 0; i < size; i += Width)
        {
            Vector512<float> v = Vector512.Load(x + i);
            s0 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w + i), s0);
            s1 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w1 + i), s1);
            s2 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w2 + i), s2);
            s3 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w3 + i), s3);
            s4 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w4 + i), s4);
            s5 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w5 + i), s5);
            s6 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w6 + i), s6);
            s7 = Avx512F.FusedMultiplyAdd(v, Vector512.Load(w7 + i), s7);
        }
        (Sums(s0, s1, s2, s3) + low).Store(y);
        (Sums(s4, s5, s6, s7) + high).Store(y + Tile);
    }

    // the sums of four vectors
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Sums(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d)
    {
        Vector512<float> ab = Avx512F.UnpackLow(a, b) + Avx512F.UnpackHigh(a, b), cd = Avx512F.UnpackLow(c, d) + Avx512F.UnpackHigh(c, d);
        Vector512<float> abcd = Avx512F.Shuffle(ab, cd, 0b01_00_01_00) + Avx512F.Shuffle(ab, cd, 0b11_10_11_10);
        Vector256<float> half = abcd.GetLower() + abcd.GetUpper();
        return half.GetLower() + half.GetUpper();
    }
}
