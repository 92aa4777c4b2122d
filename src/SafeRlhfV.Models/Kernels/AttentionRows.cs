using System.Numerics;
using System.Runtime.CompilerServices;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Models;

/// <summary>What attention does to one row of numbers at a time.</summary>
internal static unsafe class AttentionRows
{
    /// <summary>Turns a query or key: x cos + half-turned(x) sin, where the sine of the first half has the minus of the half turn.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Turn(float* x, float* cosine, float* sine, float* turned, int size)
    {
        int half = size / 2, i = 0;
        for (; i <= half - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> low = Vector.Load(x + i), high = Vector.Load(x + half + i);
            Vector.FusedMultiplyAdd(high, Vector.Load(sine + i), low * Vector.Load(cosine + i)).Store(turned + i);
            Vector.FusedMultiplyAdd(low, Vector.Load(sine + half + i), high * Vector.Load(cosine + half + i)).Store(turned + half + i);
        }
        for (; i < half; i++)
        {
            (float low, float high) = (x[i], x[half + i]);
            turned[i] = (low * cosine[i]) + (high * sine[i]);
            turned[half + i] = (high * cosine[half + i]) + (low * sine[half + i]);
        }
    }

    /// <summary>The gradient of <see cref="Turn"/>: the turn by the negative angle.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void TurnBack(float* g, float* cosine, float* sine, float* result, int size)
    {
        int half = size / 2, i = 0;
        for (; i <= half - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> low = Vector.Load(g + i), high = Vector.Load(g + half + i);
            Vector.FusedMultiplyAdd(high, Vector.Load(sine + half + i), low * Vector.Load(cosine + i)).Store(result + i);
            Vector.FusedMultiplyAdd(low, Vector.Load(sine + i), high * Vector.Load(cosine + half + i)).Store(result + half + i);
        }
        for (; i < half; i++)
        {
            (float low, float high) = (g[i], g[half + i]);
            result[i] = (low * cosine[i]) + (high * sine[half + i]);
            result[half + i] = (high * cosine[half + i]) + (low * sine[i]);
        }
    }

    /// <summary>Scores → probabilities, in place.</summary>
    /// <param name="scores">Scores of the keys that the query sees.</param>
    /// <param name="bias">Added to them; null = nothing.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>The greatest score, and the sum of the exponentials of the scores less it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static (float Greatest, float Sum) Softmax(float* scores, float* bias, int count)
    {
        if (bias != null) Add(scores, bias, count);
        float greatest = VectorMath.Greatest(scores, count), sum = 0;
        Vector<float> sums = Vector<float>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> power = VectorMath.Exp(Vector.Load(scores + i) - new Vector<float>(greatest));
            power.Store(scores + i);
            sums += power;
        }
        for (; i < count; i++) sum += scores[i] = MathF.Exp(scores[i] - greatest);
        sum += Vector.Sum(sums);
        Scale(scores, 1 / sum, count);
        return (greatest, sum);
    }

    /// <summary>
    /// Scores → probabilities, in place, from what <see cref="Softmax"/> gave; and the gradient of the probabilities → that of the scores, in place.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Gradient(float* scores, float* bias, float* gradient, int count, float greatest, float sum)
    {
        if (bias != null) Add(scores, bias, count);
        float inverse = 1 / sum, mean = 0;
        Vector<float> means = Vector<float>.Zero;
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> p = VectorMath.Exp(Vector.Load(scores + i) - new Vector<float>(greatest)) * new Vector<float>(inverse);
            p.Store(scores + i);
            means = Vector.FusedMultiplyAdd(p, Vector.Load(gradient + i), means);
        }
        for (; i < count; i++) mean += (scores[i] = MathF.Exp(scores[i] - greatest) * inverse) * gradient[i];
        mean += Vector.Sum(means);
        for (i = 0; i <= count - Vector<float>.Count; i += Vector<float>.Count)
            (Vector.Load(scores + i) * (Vector.Load(gradient + i) - new Vector<float>(mean))).Store(gradient + i);
        for (; i < count; i++) gradient[i] = scores[i] * (gradient[i] - mean);
    }

    /// <summary>Multiplies each number by the factor, in place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(float* x, float factor, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(x + i) * new Vector<float>(factor)).Store(x + i);
        for (; i < count; i++) x[i] *= factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* x, float* y, int count)
    {
        int i = 0;
        for (; i <= count - Vector<float>.Count; i += Vector<float>.Count) (Vector.Load(x + i) + Vector.Load(y + i)).Store(x + i);
        for (; i < count; i++) x[i] += y[i];
    }
}
