using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class ShardedAdamWTests
{
    private static readonly long[][] Shapes = [[7, 5], [5], [1], [33], [4, 3, 2], [300, 1100]];
    private static readonly AdamWOptions Options = new(0.9, 0.95, 1e-8, 0.1);

    /// <summary>Each rank has a share of the gradients; one parameter has none now and then, and one has them on one rank alone.</summary>
    [Theory]
    [InlineData(2, ScalarType.Float32)]
    [InlineData(3, ScalarType.Float32)]
    [InlineData(4, ScalarType.Float32)]
    [InlineData(3, ScalarType.BFloat16)]
    public void UpdatesAreThoseOfOneRank(int size, ScalarType dtype)
    {
        using TemporaryFolder folder = new();
        (float[][] Weights, double[] Norms) one = Train(Ranks.Alone, dtype, 6, folder.At("one"), size);
        foreach ((float[][] weights, double[] norms) in ThreadRanks.Run(size, ranks => Train(ranks, dtype, 6, folder.At("many"), size)))
        {
            double ofNorms = dtype == ScalarType.BFloat16 ? 1e-4 : 1e-5; // one rank's norm is a float32 sum
            foreach ((double want, double got) in one.Norms.Zip(norms)) Assert.Equal(want, got, ofNorms * want);
            Close(one.Weights, weights, dtype == ScalarType.BFloat16 ? 0.02f : 5e-5f); // where gradients of ranks cancel each other, Adam makes rounding larger
        }
        // the file is that of one rank, name by name
        using SafetensorsFile alone = SafetensorsFile.Open(folder.At("one", AdamW.FileName));
        using SafetensorsFile gathered = SafetensorsFile.Open(folder.At("many", AdamW.FileName));
        Assert.Equal(alone.Entries.Keys.Order(), gathered.Entries.Keys.Order());
        Assert.All(alone.Entries.Values, entry =>
        {
            TensorEntry other = gathered.Entries[entry.Name];
            Assert.Equal((entry.Dtype, string.Join(',', entry.Shape)), (other.Dtype, string.Join(',', other.Shape)));
            if (entry.Name.EndsWith(".step", StringComparison.Ordinal))
                Assert.Equal(alone.Read(entry.Name).item<double>(), gathered.Read(entry.Name).item<double>());
        });
    }

    /// <summary>A state that N ranks saved is taken up to the bit by N, and by any other number.</summary>
    [Fact]
    public void SavedByTwoRanksItIsGoneOnWithByTwoThreeAndOne()
    {
        using TemporaryFolder folder = new();
        float[][] whole = ThreadRanks.Run(2, ranks => Train(ranks, ScalarType.Float32, 6, folder.At("whole"), 4))[0].Weights;
        ThreadRanks.Run(2, ranks => Train(ranks, ScalarType.Float32, 3, folder.At("half"), 4));
        foreach (int size in (int[])[1, 2, 3])
        {
            (float[][] Weights, double[] Norms)[] gone = size == 1 ? [Train(Ranks.Alone, ScalarType.Float32, 6, folder.At("on-1"), 4, folder.At("half"))]
                : ThreadRanks.Run(size, ranks => Train(ranks, ScalarType.Float32, 6, folder.At($"on-{size}"), 4, folder.At("half")));
            foreach ((float[][] weights, _) in gone) Close(whole, weights, size == 2 ? 0 : 2e-6f);
        }
    }

    [Fact]
    public void GradientsThatAreNotFiniteAreSeenByAll() => Assert.All(ThreadRanks.Run(2, ranks =>
    {
        Parameter weight = new(ones(10));
        using ShardedAdamW optimizer = new([("weight", weight)], Options, ranks, _ => null);
        weight.grad = full(10, ranks.Rank == 1 ? float.NaN : 1f);
        return optimizer.ClipGradientNorm(1);
    }), norm => Assert.True(double.IsNaN(norm)));

    private static (float[][] Weights, double[] Norms) Train(Ranks ranks, ScalarType dtype, int steps, string folder, int pieces, string? from = null)
    {
        using var scope = NewDisposeScope();
        RandomStream random = new(1, "weights");
        List<(string Name, Parameter Parameter)> parameters = [.. Shapes.Select((shape, i) =>
            ($"model.layers.{i}.{(i == 1 ? "norm.weight" : "weight")}", new Parameter(tensor(Numbers(random, shape)).view(shape).to(dtype))))];
        using IOptimizer optimizer = ranks.IsAlone ? new AdamW(parameters, Options) : new ShardedAdamW(parameters, Options, ranks, name => name[13] - '0');
        int start = 0;
        if (from is not null)
        {
            using (no_grad())
            using (SafetensorsFile saved = SafetensorsFile.Open(Path.Combine(from, "weights.safetensors")))
                foreach ((string name, Parameter parameter) in parameters) parameter.copy_(saved.Read(name));
            optimizer.Load(from);
            start = 3;
        }
        List<double> norms = [];
        for (int step = start; step < steps; step++)
        {
            // the parts of a batch, dealt out in turn; the parts are the same however many ranks there are
            for (int part = 0; part < pieces; part++)
            {
                if (part % ranks.Size != ranks.Rank) continue;
                foreach ((int index, (_, Parameter parameter)) in parameters.Index())
                {
                    if ((index == 2 && step % 3 == 0) || (index == 4 && part > 0)) continue;
                    Tensor gradient = tensor(Numbers(new RandomStream(step, $"{part}/{index}"), parameter.shape)).view(parameter.shape).to(dtype);
                    parameter.grad = parameter.grad is { } before ? before.add(gradient) : gradient;
                }
            }
            if (optimizer is ShardedAdamW sharded) sharded.Complete(ranks.Rank == 0 ? 3 : 5); // one is further than the others
            norms.Add(optimizer.ClipGradientNorm(2));
            optimizer.Step(0.01);
            optimizer.ZeroGrad();
        }
        if (ranks.IsFirst)
        {
            Directory.CreateDirectory(folder);
            optimizer.Save(folder);
            SafetensorsWriter.Write(
                Path.Combine(folder, "weights.safetensors"), parameters.Select(one => KeyValuePair.Create(one.Name, (Tensor)one.Parameter)));
        }
        else ((IShardedPart)optimizer).SaveWithFirst();
        return ([.. parameters.Select(one => one.Parameter.to(ScalarType.Float32).data<float>().ToArray())], [.. norms]);
    }

    private static float[] Numbers(RandomStream random, long[] shape) =>
        [.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => (float)random.NextGaussian())];

    private static void Close(float[][] want, float[][] got, float tolerance)
    {
        foreach ((float[] a, float[] b) in want.Zip(got))
            foreach ((float x, float y) in a.Zip(b)) Assert.True(Math.Abs(x - y) <= tolerance, $"{x} and {y}");
    }
}
