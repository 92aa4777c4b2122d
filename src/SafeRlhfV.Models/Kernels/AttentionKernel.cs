using System.Runtime.CompilerServices;
using SafeRlhfV.Objectives;
using static SafeRlhfV.Models.MatrixProduct;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Attention of one text and one head of keys at a time. With scores S = scale q kᵀ + mask, P = softmax(S), O = P v and upstream gradient g:
/// ∂v = Pᵀ g, ∂S = P (g vᵀ - Σ P g vᵀ), ∂q = scale ∂S k, ∂k = scale ∂Sᵀ q.
/// </summary>
internal sealed unsafe class AttentionKernel
{
    // queries at a time: enough for the products, few enough that a causal mask saves work
    private const int Block = 64;

    private readonly AttentionSizes sizes;
    private readonly AttentionPlaces places;
    private readonly float* cosines, sines, bias;
    private readonly int block, width;
    private readonly Tensor?[] kept;

    /// <summary>A kernel for these tensors, which it keeps alive.</summary>
    public AttentionKernel(AttentionSizes sizes, Tensor[] projections, RotaryAngles angles, Tensor? bias)
    {
        (this.sizes, places) = (sizes, new(sizes, projections));
        cosines = TorchLibrary.Floats(angles.Cosine_BL1D);
        sines = TorchLibrary.Floats(angles.SignedSine_BL1D);
        this.bias = bias is null ? null : TorchLibrary.Floats(bias);
        kept = [.. projections, angles.Cosine_BL1D, angles.SignedSine_BL1D, bias];
        (block, width) = (Math.Min(Block, sizes.Wanted), sizes.Columns);
    }

    /// <summary>Numbers of memory that a thread needs: turned keys, values, turned queries, scores.</summary>
    public long ForwardScratch => (2 * KeyNumbers) + QueryNumbers + ScoreNumbers;

    /// <summary>The same and the gradients of each.</summary>
    public long BackwardScratch => 2 * ForwardScratch;

    private long KeyNumbers => Aligned((long)sizes.Columns * sizes.HeadSize);

    private long QueryNumbers => Aligned((long)block * sizes.HeadSize);

    private long ScoreNumbers => Aligned((long)block * width);

    /// <summary>The output of a piece.</summary>
    /// <param name="piece">Text and head of keys.</param>
    /// <param name="output_BQ">All outputs.</param>
    /// <param name="statistics_BNQ2">Receives each query's greatest score and sum; null where no gradient is wanted.</param>
    /// <param name="scratch">This thread's memory.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Forward(int piece, float* output_BQ, float* statistics_BNQ2, float* scratch)
    {
        (long row, int keyHead) = Math.DivRem(piece, sizes.KeyValueHeads);
        float* keys = scratch, values = keys + KeyNumbers, queries = values + KeyNumbers, scores = queries + QueryNumbers;
        int size = sizes.HeadSize, outputStride = sizes.Heads * size;
        Gather(row, keyHead, keys, values);
        for (int head = keyHead * sizes.Group; head < (keyHead + 1) * sizes.Group; head++)
            for (int first = 0; first < sizes.Wanted; first += block)
            {
                int count = Math.Min(block, sizes.Wanted - first), seen = Seen(first + count - 1);
                Scores(row, head, first, count, seen, keys, queries, scores);
                for (int i = 0; i < count; i++)
                {
                    float* score = scores + ((long)i * width);
                    int own = Seen(first + i);
                    (float greatest, float sum) = AttentionRows.Softmax(score, Bias(row, first + i), own);
                    new Span<float>(score + own, seen - own).Clear();
                    if (statistics_BNQ2 == null) continue;
                    float* statistic = Statistic(statistics_BNQ2, row, head, first + i);
                    (statistic[0], statistic[1]) = (greatest, sum);
                }
                float* output = output_BQ + (((row * sizes.Wanted) + first) * outputStride) + ((long)head * size);
                Run(new(scores, width), new(values, size), new(output, outputStride), count, size, seen);
            }
    }

    /// <summary>The gradients of a piece.</summary>
    /// <param name="piece">Text and head of keys.</param>
    /// <param name="g_BQ">The gradient of all outputs.</param>
    /// <param name="statistics_BNQ2">What <see cref="Forward"/> kept.</param>
    /// <param name="results">Where the gradients go.</param>
    /// <param name="scratch">This thread's memory.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Backward(int piece, float* g_BQ, float* statistics_BNQ2, AttentionPlaces results, float* scratch)
    {
        (long row, int keyHead) = Math.DivRem(piece, sizes.KeyValueHeads);
        float* keys = scratch, values = keys + KeyNumbers, queries = values + KeyNumbers, scores = queries + QueryNumbers;
        float* keyGradients = scores + ScoreNumbers, valueGradients = keyGradients + KeyNumbers, queryGradients = valueGradients + KeyNumbers;
        float* scoreGradients = queryGradients + QueryNumbers;
        int size = sizes.HeadSize, outputStride = sizes.Heads * size;
        Gather(row, keyHead, keys, values);
        new Span<float>(keyGradients, (int)(2 * KeyNumbers)).Clear();
        for (int head = keyHead * sizes.Group; head < (keyHead + 1) * sizes.Group; head++)
        {
            float* found = results.Query(row, head);
            // queries of columns that are not wanted lie before the first, where they were computed along with the keys
            if (sizes.IsJoint)
                for (int column = 1; column <= sizes.From; column++) new Span<float>(found - ((long)column * results.QueryStride), size).Clear();
            for (int first = 0; first < sizes.Wanted; first += block)
            {
                int count = Math.Min(block, sizes.Wanted - first), seen = Seen(first + count - 1);
                float* g = g_BQ + (((row * sizes.Wanted) + first) * outputStride) + ((long)head * size);
                Scores(row, head, first, count, seen, keys, queries, scores);
                Run(new(g, outputStride), new(values, size, true), new(scoreGradients, width), count, seen, size);
                for (int i = 0; i < count; i++)
                {
                    float* score = scores + ((long)i * width), scoreGradient = scoreGradients + ((long)i * width);
                    float* statistic = Statistic(statistics_BNQ2, row, head, first + i);
                    int own = Seen(first + i);
                    AttentionRows.Gradient(score, Bias(row, first + i), scoreGradient, own, statistic[0], statistic[1]);
                    new Span<float>(score + own, seen - own).Clear();
                    new Span<float>(scoreGradient + own, seen - own).Clear();
                }
                Run(new(scores, width, true), new(g, outputStride), new(valueGradients, size), seen, size, count, keep: 1);
                Run(new(scoreGradients, width), new(keys, size), new(queryGradients, size), count, size, seen, sizes.Scale);
                Run(new(scoreGradients, width, true), new(queries, size), new(keyGradients, size), seen, size, count, sizes.Scale, keep: 1);
                for (int i = 0; i < count; i++)
                    AttentionRows.TurnBack(queryGradients + ((long)i * size), Cosines(row, sizes.From + first + i), Sines(row, sizes.From + first + i),
                        found + ((long)(first + i) * results.QueryStride), size);
            }
        }
        float* keyResults = results.Key(row, keyHead), valueResults = results.Value(row, keyHead);
        for (int column = 0; column < sizes.Columns; column++)
        {
            long at = (long)column * results.KeyStride;
            AttentionRows.TurnBack(keyGradients + ((long)column * size), Cosines(row, column), Sines(row, column), keyResults + at, size);
            new Span<float>(valueGradients + ((long)column * size), size).CopyTo(new(valueResults + at, size));
        }
    }

    // how many keys a wanted column sees
    private int Seen(int query) => sizes.IsCausal ? sizes.From + query + 1 : sizes.Columns;

    private float* Cosines(long row, int column) => cosines + (((row * sizes.Columns) + column) * sizes.HeadSize);

    private float* Sines(long row, int column) => sines + (((row * sizes.Columns) + column) * sizes.HeadSize);

    private float* Bias(long row, int query) =>
        bias == null ? null : bias + ((((sizes.BiasRows == 1 ? 0 : row) * sizes.Wanted) + query) * sizes.Columns);

    private float* Statistic(float* all, long row, int head, int query) => all + (((((row * sizes.Heads) + head) * sizes.Wanted) + query) * 2);

    // the matrix library rounds by where matrices lie: here they lie alike, whatever the projections' places and the thread
    private static long Aligned(long numbers) => (numbers + 15) / 16 * 16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Gather(long row, int head, float* turnedKeys, float* gatheredValues)
    {
        float* keys = places.Key(row, head), values = places.Value(row, head);
        int size = sizes.HeadSize;
        for (int column = 0; column < sizes.Columns; column++)
        {
            long from = (long)column * places.KeyStride, to = (long)column * size;
            AttentionRows.Turn(keys + from, Cosines(row, column), Sines(row, column), turnedKeys + to, size);
            new Span<float>(values + from, size).CopyTo(new(gatheredValues + to, size));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Scores(long row, int head, int first, int count, int seen, float* keys, float* turned, float* scores)
    {
        float* queries = places.Query(row, head) + ((long)first * places.QueryStride);
        for (int i = 0; i < count; i++)
            AttentionRows.Turn(queries + ((long)i * places.QueryStride), Cosines(row, sizes.From + first + i), Sines(row, sizes.From + first + i),
                turned + ((long)i * sizes.HeadSize), sizes.HeadSize);
        Run(new(turned, sizes.HeadSize), new(keys, sizes.HeadSize, true), new(scores, width), count, seen, sizes.HeadSize, sizes.Scale);
    }
}
