using System.Buffers.Binary;
using System.Runtime.InteropServices;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// <see cref="AdamW"/> over several ranks (ZeRO, stage 1; Rajbhandari et al. 2020): each rank keeps the moments and master copies of its shards alone.
/// Gradients are summed in rank order in double; each rank updates its shards; all get the new weights. Checkpoints have the layout of one rank, so that any
/// number of ranks can resume from them.
/// </summary>
internal sealed class ShardedAdamW : IOptimizer, IShardedPart
{
    private readonly IReadOnlyList<(string Name, Parameter Parameter)> parameters;
    private readonly Ranks ranks;
    private readonly IReadOnlyList<GradientBucket> buckets;
    private readonly List<(GradientBucket Bucket, int Parameter, long At, Parameter View)> own = [];
    private readonly Dictionary<int, List<(GradientBucket Bucket, BucketPiece Piece)>> places = [];
    private readonly AdamW? inner;
    private readonly bool[] had;
    private readonly long[] ages;
    private readonly int[] left;
    private int next;
    private double factor = 1;

    /// <summary>Makes the state of this rank's shards, all zero, and gives all ranks the weights of the shards' owners.</summary>
    public ShardedAdamW(IReadOnlyList<(string Name, Parameter Parameter)> parameters, AdamWOptions options, Ranks ranks, Func<string, int?> blockOf)
    {
        (this.parameters, this.ranks) = (parameters, ranks);
        buckets = GradientBuckets.Of(parameters, blockOf, ranks);
        (had, ages, left) = (new bool[parameters.Count], new long[parameters.Count], new int[parameters.Count]);
        using IDisposable noGrad = no_grad();
        List<(string, Parameter)> views = [];
        foreach (GradientBucket bucket in buckets)
        {
            foreach (BucketPiece piece in bucket.Pieces)
            {
                if (!places.TryGetValue(piece.Index, out var of)) places.Add(piece.Index, of = []);
                of.Add((bucket, piece));
            }
            foreach ((BucketPiece piece, long offset, long length, long at) in bucket.Owned(ranks.Rank))
            {
                Parameter view = new(piece.Parameter.detach().view(-1).narrow(0, offset, length), requires_grad: false);
                view.DetachFromDisposeScope();
                own.Add((bucket, piece.Index, at, view));
                views.Add((NameOf(own.Count - 1), view));
            }
        }
        if (views.Count > 0) inner = new AdamW(views, options);
        Begin();
        Publish();
    }

    /// <summary>The gradients of a block and of all blocks after it are complete: what they fill is sent, while the backward pass goes on.</summary>
    public void Complete(int block)
    {
        while (next < buckets.Count && buckets[next].ReadyAt >= block) SendNext();
    }

    /// <inheritdoc/>
    public double ClipGradientNorm(double max)
    {
        Complete(-1);
        double squares = 0;
        foreach (GradientBucket bucket in buckets) bucket.Receive();
        foreach (GradientBucket bucket in buckets)
            foreach (float value in MemoryMarshal.Cast<byte, float>(bucket.Sum.bytes)) squares += (double)value * value;
        byte[] told = new byte[sizeof(double) + had.Length];
        BinaryPrimitives.WriteDoubleLittleEndian(told, squares);
        for (int i = 0; i < had.Length; i++) told[sizeof(double) + i] = had[i] ? (byte)1 : (byte)0;
        double sum = 0;
        foreach (byte[] one in ranks.Gather("gradient norm", told))
        {
            sum += BinaryPrimitives.ReadDoubleLittleEndian(one);
            for (int i = 0; i < had.Length; i++) had[i] |= one[sizeof(double) + i] == 1;
        }
        double norm = Math.Sqrt(sum), wanted = max / (norm + 1e-6);
        factor = double.IsFinite(norm) && wanted < 1 ? wanted : 1;
        return norm;
    }

    /// <inheritdoc/>
    public void Step(double learningRate)
    {
        using (DisposeScope scope = NewDisposeScope())
        using (no_grad())
        {
            foreach ((GradientBucket bucket, int parameter, long at, Parameter view) in own)
            {
                if (!had[parameter]) continue;
                Tensor sum = bucket.Sum.narrow(0, at, view.numel());
                view.grad = (factor == 1 ? sum : sum.Times(factor)).to(view.dtype).to(view.device);
            }
            inner?.Step(learningRate);
            inner?.ZeroGrad();
        }
        for (int i = 0; i < had.Length; i++) if (had[i]) ages[i]++;
        Publish();
        Begin();
    }

    /// <inheritdoc/>
    public void ZeroGrad()
    {
        foreach ((_, Parameter parameter) in parameters) parameter.grad = null;
    }

    /// <inheritdoc/>
    public void Save(string folder)
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsWriter.Write(Path.Combine(folder, AdamW.FileName), Whole());
    }

    /// <inheritdoc/>
    public void SaveWithFirst()
    {
        foreach (PendingTensor one in SafetensorsWriter.Ordered(Whole()))
        {
            using DisposeScope scope = NewDisposeScope();
            one.Open();
        }
    }

    /// <inheritdoc/>
    public void Load(string folder)
    {
        using DisposeScope scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, AdamW.FileName));
        AdamW.CheckState(
            parameters.SelectMany(one => AdamW.KeysOf(one.Name, one.Parameter.dtype).Select(key => (key, one.Parameter.shape))),
            parameters.Select(one => $"{one.Name}.step"), file.Entries.ToDictionary(entry => entry.Key, entry => entry.Value.Shape));
        Dictionary<string, Tensor> state = [];
        foreach ((int index, (string name, _)) in parameters.Index())
        {
            Tensor age = file.Read($"{name}.step");
            ages[index] = (long)age.to(ScalarType.Float64).item<double>();
        }
        foreach ((int index, (GradientBucket bucket, int parameter, long at, Parameter view)) in own.Index())
        {
            string name = parameters[parameter].Name;
            long offset = OffsetOf(bucket, parameter, at);
            foreach (string key in AdamW.KeysOf(name, view.dtype))
                state.Add(NameOf(index) + key[name.Length..], file.Read(key).view(-1).narrow(0, offset, view.numel()));
            state.Add($"{NameOf(index)}.step", file.Read($"{name}.step"));
        }
        inner?.Load(state);
        Publish();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        inner?.Dispose();
        foreach (GradientBucket bucket in buckets) bucket.Dispose();
        foreach ((_, _, _, Parameter view) in own) view.Dispose();
    }

    private void Begin()
    {
        (next, factor) = (0, 1);
        Array.Clear(had);
        for (int i = 0; i < left.Length; i++) left[i] = places.TryGetValue(i, out var of) ? of.Count : 0;
    }

    private void SendNext()
    {
        GradientBucket bucket = buckets[next++];
        bucket.Send();
        foreach (BucketPiece piece in bucket.Pieces)
        {
            had[piece.Index] |= piece.Parameter.grad is not null;
            // from here on it is on its way
            if (--left[piece.Index] == 0) piece.Parameter.grad = null;
        }
    }

    private void Publish()
    {
        // one bucket travels while the one before it is put in place
        Action? before = null;
        foreach (GradientBucket bucket in buckets)
        {
            Action put = bucket.Publish();
            before?.Invoke();
            before = put;
        }
        before?.Invoke();
    }

    /// <summary>The state as one rank has it, gathered tensor by tensor when it is its turn; all ranks must take the turns together.</summary>
    private List<PendingTensor> Whole()
    {
        List<PendingTensor> whole = [];
        IReadOnlyDictionary<string, Tensor> state = inner?.State() ?? new Dictionary<string, Tensor>();
        foreach ((int index, (string name, Parameter parameter)) in parameters.Index())
        {
            foreach (string key in AdamW.KeysOf(name, parameter.dtype))
                whole.Add(new PendingTensor(key, parameter.shape, ScalarType.Float32, () => Gather(index, key[name.Length..], state)));
            whole.Add(new PendingTensor($"{name}.step", [], ScalarType.Float64, () => tensor((double)ages[index])));
        }
        return whole;
    }

    // each bucket's range of a parameter comes from the ranks whose shards it lies in
    private unsafe Tensor Gather(int parameter, string kind, IReadOnlyDictionary<string, Tensor> state)
    {
        Tensor whole = zeros(ranks.IsFirst ? parameters[parameter].Parameter.numel() : 0);
        foreach ((GradientBucket bucket, _) in places[parameter])
        {
            (long Offset, long Length)[] ranges = [.. Enumerable.Range(0, ranks.Size).Select(rank => bucket.Owned(rank)
                .Where(owned => owned.Piece.Index == parameter).Select(owned => (owned.Offset, owned.Length)).FirstOrDefault())];
            long width = ranges.Max(range => range.Length);
            Tensor mine = zeros(width), all = zeros(ranks.IsFirst ? width * ranks.Size : 1);
            int index = own.FindIndex(one => one.Bucket == bucket && one.Parameter == parameter);
            if (index >= 0) mine.narrow(0, 0, own[index].View.numel()).copy_(state[NameOf(index) + kind]);
            ranks.Wait(ranks.Post("optimizer states", exchange =>
            {
                fixed (byte* sent = mine.bytes, received = all.bytes)
                    exchange.Gather((nint)sent, ranks.IsFirst ? (nint)received : 0, checked((int)(width * sizeof(float))));
            }));
            if (!ranks.IsFirst) continue;
            for (int rank = 0; rank < ranks.Size; rank++)
                if (ranges[rank].Length > 0) whole.narrow(0, ranges[rank].Offset, ranges[rank].Length).copy_(all.narrow(0, rank * width, ranges[rank].Length));
        }
        return whole;
    }

    private long OffsetOf(GradientBucket bucket, int parameter, long at) =>
        bucket.Owned(ranks.Rank).First(owned => owned.Piece.Index == parameter && owned.At == at).Offset;

    // a parameter may lie in several buckets; what decides about its weight decay is the end of its name
    private string NameOf(int index) => $"{index}/{parameters[own[index].Parameter].Name}";
}
