using System.Runtime.CompilerServices;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Models;

/// <summary>Products of small float32 matrices within a kernel, by the matrix library that libtorch was built with. Matrices are stored by rows.</summary>
internal static unsafe class MatrixProduct
{
    // BLAS has columns where we have rows, so that everything is transposed: Cᵀ = Bᵀ Aᵀ
    private static readonly delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*, void> Product =
        (delegate* unmanaged<byte*, byte*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*, void>)TorchLibrary.Find("sgemm_");

    /// <summary>Whether the library exports its function.</summary>
    public static bool IsFound => Product != null;

    /// <summary>C = factor A B + keep C: [m, k] and [k, n] → [m, n].</summary>
    /// <param name="a">A, its first number, and the numbers from one row to the next; transposed it is stored as [k, m].</param>
    /// <param name="b">B likewise; transposed it is stored as [n, k].</param>
    /// <param name="c">C likewise.</param>
    /// <param name="rows">m.</param>
    /// <param name="columns">n.</param>
    /// <param name="inner">k.</param>
    /// <param name="factor">What the product is multiplied by.</param>
    /// <param name="keep">What C's present numbers are multiplied by; 0 = they are not read.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(Matrix a, Matrix b, Matrix c, int rows, int columns, int inner, float factor = 1, float keep = 0)
    {
        byte transposeA = Letter(a.IsTransposed), transposeB = Letter(b.IsTransposed);
        int strideA = a.Stride, strideB = b.Stride, strideC = c.Stride;
        Product(&transposeB, &transposeA, &columns, &rows, &inner, &factor, b.Data, &strideB, a.Data, &strideA, &keep, c.Data, &strideC);
    }

    private static byte Letter(bool transposed) => transposed ? (byte)'T' : (byte)'N';

    /// <summary>A matrix in memory.</summary>
    /// <param name="Address">Where its first number is.</param>
    /// <param name="Stride">Numbers from one row to the next.</param>
    /// <param name="IsTransposed">Its transpose is stored there.</param>
    public readonly record struct Matrix(nint Address, int Stride, bool IsTransposed)
    {
        /// <summary>The matrix at a place.</summary>
        public Matrix(float* data, int stride, bool isTransposed = false) : this((nint)data, stride, isTransposed) { }

        /// <summary>Its first number.</summary>
        public float* Data => (float*)Address;
    }
}
