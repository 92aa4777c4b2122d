using System.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Numbers of some parameters side by side, as they are exchanged between ranks. Each rank owns a shard of the same size: it gets the sum of all ranks'
/// gradients there, updates the weights there, and sends them to all.
/// </summary>
/// <param name="pieces">Ranges of parameters, in order.</param>
/// <param name="ranks">The ranks.</param>
/// <param name="readyAt">The block whose end of the backward pass completes the bucket; -1 = the end of the whole pass.</param>
internal sealed class GradientBucket(IReadOnlyList<BucketPiece> pieces, Ranks ranks, int readyAt) : IDisposable
{
    private readonly int element = (int)pieces[0].Parameter.element_size();
    private readonly ScalarType type = pieces[0].Parameter.dtype;
    private readonly long shard = (pieces[^1].At + pieces[^1].Length + ranks.Size - 1) / ranks.Size;
    private Ranks.Posted? call;

    /// <summary>The block whose end completes it.</summary>
    public int ReadyAt => readyAt;

    /// <summary>Its ranges of parameters.</summary>
    public IReadOnlyList<BucketPiece> Pieces => pieces;

    /// <summary>Sum of all ranks' gradients in the own shard, float32.</summary>
    public Tensor Sum { get; } = zeros((pieces[^1].At + pieces[^1].Length + ranks.Size - 1) / ranks.Size).DetachFromDisposeScope();

    private int ShardBytes => checked((int)(shard * element));

    /// <summary>The ranges of a rank's shard: the parameter, where in it, how much, and where in the shard.</summary>
    public IEnumerable<(BucketPiece Piece, long Offset, long Length, long At)> Owned(int rank)
    {
        long from = rank * shard, to = from + shard;
        foreach (BucketPiece piece in pieces)
        {
            long start = Math.Max(from, piece.At), end = Math.Min(to, piece.At + piece.Length);
            if (start < end) yield return (piece, piece.Offset + start - piece.At, end - start, start - from);
        }
    }

    /// <summary>Sends the gradients on their way; the caller goes on.</summary>
    public unsafe void Send()
    {
        using IDisposable noGrad = no_grad();
        Tensor sent = zeros(shard * ranks.Size, type).DetachFromDisposeScope();
        using (DisposeScope scope = NewDisposeScope())
            foreach (BucketPiece piece in pieces)
                if (piece.Parameter.grad is { } gradient)
                    sent.narrow(0, piece.At, piece.Length).copy_(gradient.reshape(-1).narrow(0, piece.Offset, piece.Length));
        call = ranks.Post("gradients", exchange =>
        {
            using Tensor received = empty(shard * ranks.Size, type);
            fixed (byte* own = sent.bytes, all = received.bytes) exchange.AllToAll((nint)own, (nint)all, ShardBytes);
            sent.Dispose();
            fixed (byte* all = received.bytes, sum = Sum.bytes)
            {
                if (type == ScalarType.BFloat16) Add((ushort*)all, (float*)sum);
                else Add((float*)all, (float*)sum);
            }
        });
    }

    /// <summary>Waits for the sums.</summary>
    public void Receive()
    {
        ranks.Wait(call!);
        call = null;
    }

    /// <summary>Sends the own shard of the weights to all; what is returned waits for those of the others, and puts them in place.</summary>
    public unsafe Action Publish()
    {
        using IDisposable noGrad = no_grad();
        Tensor own = zeros(shard, type).DetachFromDisposeScope(), all = empty(shard * ranks.Size, type).DetachFromDisposeScope();
        using (DisposeScope scope = NewDisposeScope())
            foreach ((BucketPiece piece, long offset, long length, long at) in Owned(ranks.Rank))
                own.narrow(0, at, length).copy_(piece.Parameter.detach().view(-1).narrow(0, offset, length));
        Ranks.Posted posted = ranks.Post("weights", exchange =>
        {
            fixed (byte* mine = own.bytes, every = all.bytes) exchange.AllGather((nint)mine, (nint)every, ShardBytes);
        });
        return () =>
        {
            ranks.Wait(posted);
            using IDisposable still = no_grad();
            using DisposeScope scope = NewDisposeScope();
            foreach (BucketPiece piece in pieces)
                piece.Parameter.detach().view(-1).narrow(0, piece.Offset, piece.Length).copy_(all.narrow(0, piece.At, piece.Length));
            own.Dispose();
            all.Dispose();
        };
    }

    /// <inheritdoc/>
    public void Dispose() => Sum.Dispose();

    // in rank order and in double, so that the sum does not depend on who is first
    private unsafe void Add(float* received, float* sum)
    {
        int width = Vector<float>.Count;
        long at = 0;
        for (; at <= shard - width; at += width)
        {
            Vector<double> low = Vector<double>.Zero, high = Vector<double>.Zero;
            for (int rank = 0; rank < ranks.Size; rank++)
            {
                Vector.Widen(Vector.Load(received + rank * shard + at), out Vector<double> first, out Vector<double> second);
                low += first;
                high += second;
            }
            Vector.Narrow(low, high).Store(sum + at);
        }
        for (; at < shard; at++)
        {
            double one = 0;
            for (int rank = 0; rank < ranks.Size; rank++) one += received[rank * shard + at];
            sum[at] = (float)one;
        }
    }

    // bfloat16 is the upper half of float32
    private unsafe void Add(ushort* received, float* sum)
    {
        for (long at = 0; at < shard; at++)
        {
            double one = 0;
            for (int rank = 0; rank < ranks.Size; rank++) one += BitConverter.UInt32BitsToSingle((uint)received[rank * shard + at] << 16);
            sum[at] = (float)one;
        }
    }
}

/// <summary>A range of a parameter in a bucket.</summary>
/// <param name="Index">Which parameter.</param>
/// <param name="Name">Its name.</param>
/// <param name="Parameter">The parameter.</param>
/// <param name="Offset">Where the range begins in it, flat.</param>
/// <param name="Length">How many numbers.</param>
/// <param name="At">Where it lies in the bucket.</param>
internal sealed record BucketPiece(int Index, string Name, Parameter Parameter, long Offset, long Length, long At);
