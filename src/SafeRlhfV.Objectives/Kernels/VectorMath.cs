using System.Numerics;
using System.Runtime.CompilerServices;

namespace SafeRlhfV.Objectives;

/// <summary>What the kernels need that <see cref="Vector"/> lacks, or computes in float64.</summary>
public static class VectorMath
{
    // beyond it e^x leaves the normal numbers
    private const float Lowest = -87.33654f, Highest = 88.02f;

    /// <summary>e^x within two units in the last place; 0 below -87.3, e^88 above 88, and not a number stays so.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Exp(Vector<float> x)
    {
        Vector<float> within = Vector.MinNative(Vector.MaxNative(x, new(Lowest)), new(Highest));
        // x = n ln 2 + r with |r| ≤ ln 2 / 2; adding 1.5 · 2^23 rounds to whole numbers
        Vector<float> round = new(12582912f);
        Vector<float> shifted = Vector.FusedMultiplyAdd(within, new(1.44269504f), round), n = shifted - round;
        Vector<float> r = Vector.FusedMultiplyAdd(n, new(-0.693145752f), within);
        r = Vector.FusedMultiplyAdd(n, new(-1.42860677e-6f), r);
        Vector<float> sum = new(1.9875691e-4f);
        sum = Vector.FusedMultiplyAdd(sum, r, new(1.3981999e-3f));
        sum = Vector.FusedMultiplyAdd(sum, r, new(8.3334519e-3f));
        sum = Vector.FusedMultiplyAdd(sum, r, new(4.1665796e-2f));
        sum = Vector.FusedMultiplyAdd(sum, r, new(1.6666666e-1f));
        sum = Vector.FusedMultiplyAdd(sum, r, new(0.5f));
        sum = Vector.FusedMultiplyAdd(sum, r * r, r) + Vector<float>.One;
        Vector<int> power = Vector.ShiftLeft(Vector.AsVectorInt32(shifted) - Vector.AsVectorInt32(round) + new Vector<int>(127), 23);
        Vector<float> result = sum * Vector.AsVectorSingle(power);
        result = Vector.ConditionalSelect(Vector.LessThan(x, new(Lowest)), Vector<float>.Zero, result);
        return Vector.ConditionalSelect(Vector.Equals(x, x), result, x);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector<float> Sigmoid(Vector<float> x)
    {
        // where e^-x is infinite in float32
        Vector<float> result = Vector<float>.One / (Vector<float>.One + Exp(-x));
        return Vector.ConditionalSelect(Vector.LessThan(x, new(-88.72284f)), Vector<float>.Zero, result);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    public static float Sigmoid(float x) => 1 / (1 + MathF.Exp(-x));

    /// <summary>Σ a b over <paramref name="count"/> numbers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe float Dot(float* a, float* b, int count)
    {
        int width = Vector<float>.Count, i = 0;
        Vector<float> first = Vector<float>.Zero, second = Vector<float>.Zero;
        for (; i <= count - (2 * width); i += 2 * width)
        {
            first = Vector.FusedMultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), first);
            second = Vector.FusedMultiplyAdd(Vector.Load(a + i + width), Vector.Load(b + i + width), second);
        }
        for (; i <= count - width; i += width) first = Vector.FusedMultiplyAdd(Vector.Load(a + i), Vector.Load(b + i), first);
        float sum = Vector.Sum(first + second);
        for (; i < count; i++) sum += a[i] * b[i];
        return sum;
    }

    /// <summary>The greatest of <paramref name="count"/> numbers; minus infinity of none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe float Greatest(float* x, int count)
    {
        float greatest = float.NegativeInfinity;
        Vector<float> all = new(float.NegativeInfinity);
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) all = Vector.MaxNative(all, Vector.Load(x + i));
        for (int lane = 0; lane < Vector<float>.Count; lane++) greatest = MathF.Max(greatest, all[lane]);
        for (; i < count; i++) greatest = MathF.Max(greatest, x[i]);
        return greatest;
    }
}
