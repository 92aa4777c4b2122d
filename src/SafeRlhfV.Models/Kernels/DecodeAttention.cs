using System.Numerics;
using System.Runtime.CompilerServices;
using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Rotary positions and attention of one new column over the cached ones, in float32 on the CPU and without gradients: turns query and key, writes the column's
/// key and value into the cache, and reads all keys and values once. Each head of each row is computed by itself, so that neither other rows nor the number of
/// threads change its bits. B: rows, N: heads, D: numbers of a head.
/// </summary>
internal static unsafe class DecodeAttention
{
    // vectors of a head that are summed in registers at a time
    private const int Registers = 8;

    [ThreadStatic] private static float[]? scratch;

    /// <summary>Whether these kernels can do it: no gradients, float32 on the CPU, a cache that keeps all columns, room for one more.</summary>
    public static bool Fits(KeyValueCache cache, int layer, AttentionMask mask, RotaryAngles angles)
    {
        if (is_grad_enabled() || cache.Whole(layer) is not var (keys, values) || cache.Length >= cache.Capacity) return false;
        return keys.size(3) % (2 * Vector<float>.Count) == 0 && TorchLibrary.HasPlainFloats(keys, values, angles.Cosine_BL1D, angles.SignedSine_BL1D)
            && angles.Cosine_BL1D.size(3) == keys.size(3)
            && (mask.Bias is not { } bias || (TorchLibrary.HasPlainFloats(bias) && bias.size(1) == 1 && bias.size(3) == cache.Length + 1));
    }

    /// <summary>The mixed values, [B, 1, N · D], where it <see cref="Fits"/>.</summary>
    /// <param name="projections">Queries, keys and values side by side, [B, 1, all heads · D], or three tensors [B, 1, heads · D].</param>
    /// <param name="heads">N.</param>
    /// <param name="scale">What scores are multiplied by.</param>
    /// <param name="angles">Of the new column.</param>
    /// <param name="cache">The columns before.</param>
    /// <param name="layer">The decoder's layer.</param>
    /// <param name="mask">Which columns each row may see.</param>
    public static Tensor Run(Tensor[] projections, int heads, double scale, RotaryAngles angles, KeyValueCache cache, int layer, AttentionMask mask)
    {
        (Tensor keys, Tensor values) = cache.Whole(layer)!.Value;
        projections = [.. projections.Select(one => one.contiguous())];
        int rows = (int)keys.size(0), keyHeads = (int)keys.size(1), size = (int)keys.size(3);
        Tensor mixed = empty([rows, 1, heads * size], ScalarType.Float32);
        bool joint = projections.Length == 1;
        float* first = TorchLibrary.Floats(projections[0]);
        int all = (heads + (2 * keyHeads)) * size;
        Work work = new()
        {
            Query = first,
            Key = joint ? first + (heads * size) : TorchLibrary.Floats(projections[1]),
            Value = joint ? first + ((heads + keyHeads) * size) : TorchLibrary.Floats(projections[2]),
            Keys = TorchLibrary.Floats(keys),
            Values = TorchLibrary.Floats(values),
            Cosine = TorchLibrary.Floats(angles.Cosine_BL1D),
            Sine = TorchLibrary.Floats(angles.SignedSine_BL1D),
            Bias = mask.Bias is null ? null : TorchLibrary.Floats(mask.Bias),
            Mixed = TorchLibrary.Floats(mixed),
            BiasStep = mask.Bias is null || mask.Bias.size(0) == 1 ? 0 : cache.Length + 1,
            AngleStep = angles.Cosine_BL1D.size(0) == 1 ? 0 : size,
            QueryStep = joint ? all : heads * size,
            KeyStep = joint ? all : keyHeads * size,
            Scale = (float)scale,
            KeyHeads = keyHeads,
            Group = heads / keyHeads,
            Size = size,
            Capacity = cache.Capacity,
            Before = cache.Length,
        };
        int tasks = rows * keyHeads, pieces = Math.Min(tasks, get_num_threads());
        RowLoop.Run(pieces, (_, piece) =>
        {
            for (int task = tasks * piece / pieces; task < tasks * (piece + 1) / pieces; task++) work.Run(task / work.KeyHeads, task % work.KeyHeads);
        });
        return mixed;
    }

    private struct Work
    {
        public float* Query, Key, Value, Keys, Values, Cosine, Sine, Bias, Mixed;
        public long QueryStep, KeyStep, BiasStep, AngleStep;
        public int KeyHeads, Group, Size, Capacity, Before;
        public float Scale;

        // a key head of a row, and the queries that share it
        public readonly void Run(int row, int head)
        {
            int columns = Before + 1;
            long at = (((long)row * KeyHeads) + head) * Capacity * Size, next = at + ((long)Before * Size);
            float* cosine = Cosine + (row * AngleStep), sine = Sine + (row * AngleStep), bias = Bias == null ? null : Bias + (row * BiasStep);
            AttentionRows.Turn(Key + (row * KeyStep) + (head * Size), cosine, sine, Keys + next, Size);
            new ReadOnlySpan<float>(Value + (row * KeyStep) + (head * Size), Size).CopyTo(new Span<float>(Values + next, Size));
            fixed (float* query = Scratch(columns + Size))
            {
                float* scores = query + Size;
                for (int one = head * Group; one < (head + 1) * Group; one++)
                {
                    AttentionRows.Turn(Query + (row * QueryStep) + (one * Size), cosine, sine, query, Size);
                    AttentionRows.Scale(query, Scale, Size);
                    float sum = Weigh(query, Keys + at, bias, scores, columns, Size);
                    Mix(scores, Values + at, columns, Size, 1 / sum, Mixed + ((((long)row * KeyHeads * Group) + one) * Size));
                }
            }
        }
    }

    private static float[] Scratch(int numbers) =>
        scratch is { } enough && enough.Length >= numbers ? enough : scratch = new float[BitOperations.RoundUpToPowerOf2((uint)numbers)];

    // e^(score - greatest) of all columns, and their sum
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Weigh(float* query, float* keys, float* bias, float* scores, int columns, int size)
    {
        int width = Vector<float>.Count;
        float greatest = float.NegativeInfinity;
        for (int column = 0; column < columns; column++)
        {
            float* key = keys + ((long)column * size);
            Vector<float> first = Vector<float>.Zero, second = Vector<float>.Zero;
            for (int i = 0; i < size; i += 2 * width)
            {
                first = Vector.FusedMultiplyAdd(Vector.Load(query + i), Vector.Load(key + i), first);
                second = Vector.FusedMultiplyAdd(Vector.Load(query + i + width), Vector.Load(key + i + width), second);
            }
            float score = Vector.Sum(first + second);
            if (bias != null) score += bias[column];
            scores[column] = score;
            greatest = MathF.Max(greatest, score);
        }
        Vector<float> most = new(greatest), sums = Vector<float>.Zero;
        int at = 0;
        for (; at <= columns - width; at += width)
        {
            Vector<float> weight = VectorMath.Exp(Vector.Load(scores + at) - most);
            weight.Store(scores + at);
            sums += weight;
        }
        float sum = Vector.Sum(sums);
        for (; at < columns; at++) sum += scores[at] = MathF.Exp(scores[at] - greatest);
        return sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* weights, float* values, int columns, int size, float factor, float* mixed)
    {
        int width = Vector<float>.Count, i = 0;
        for (; i <= size - (Registers * width); i += Registers * width)
        {
            Vector<float> a = default, b = default, c = default, d = default, e = default, f = default, g = default, h = default;
            for (int column = 0; column < columns; column++)
            {
                float* value = values + ((long)column * size) + i;
                Vector<float> weight = new(weights[column]);
                a = Vector.FusedMultiplyAdd(weight, Vector.Load(value), a);
                b = Vector.FusedMultiplyAdd(weight, Vector.Load(value + width), b);
                c = Vector.FusedMultiplyAdd(weight, Vector.Load(value + (2 * width)), c);
                d = Vector.FusedMultiplyAdd(weight, Vector.Load(value + (3 * width)), d);
                e = Vector.FusedMultiplyAdd(weight, Vector.Load(value + (4 * width)), e);
                f = Vector.FusedMultiplyAdd(weight, Vector.Load(value + (5 * width)), f);
                g = Vector.FusedMultiplyAdd(weight, Vector.Load(value + (6 * width)), g);
                h = Vector.FusedMultiplyAdd(weight, Vector.Load(value + (7 * width)), h);
            }
            Vector<float> scale = new(factor);
            (a * scale).Store(mixed + i);
            (b * scale).Store(mixed + i + width);
            (c * scale).Store(mixed + i + (2 * width));
            (d * scale).Store(mixed + i + (3 * width));
            (e * scale).Store(mixed + i + (4 * width));
            (f * scale).Store(mixed + i + (5 * width));
            (g * scale).Store(mixed + i + (6 * width));
            (h * scale).Store(mixed + i + (7 * width));
        }
        for (; i < size; i += width)
        {
            Vector<float> sum = default;
            for (int column = 0; column < columns; column++)
                sum = Vector.FusedMultiplyAdd(new Vector<float>(weights[column]), Vector.Load(values + ((long)column * size) + i), sum);
            (sum * new Vector<float>(factor)).Store(mixed + i);
        }
    }
}
