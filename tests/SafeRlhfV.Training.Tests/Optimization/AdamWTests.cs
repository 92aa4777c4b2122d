using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class AdamWTests
{
    private static readonly long[][] Shapes = [[7, 5], [5], [1], [33], [4, 3, 2]];

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.1)]
    public void EqualsTheFormulaInFloat64(double decay)
    {
        using var scope = NewDisposeScope();
        RandomStream random = new(1, "adamw");
        AdamWOptions options = new(0.9, 0.95, 1e-8, decay);
        List<(string, Parameter)> parameters = Make(random, ScalarType.Float64);
        double[][] weights = [.. parameters.Select(one => Values(one.Item2))];
        double[][] means = [.. weights.Select(w => new double[w.Length])], squares = [.. weights.Select(w => new double[w.Length])];
        int[] ages = new int[weights.Length];
        using AdamW optimizer = new(parameters, options);
        for (int step = 0; step < 12; step++)
        {
            double rate = 0.01 / (step + 1);
            optimizer.ZeroGrad();
            for (int p = 0; p < parameters.Count; p++)
            {
                if (p == 2 && step % 3 == 0) continue; // one parameter is left out now and then: it must not age
                ages[p]++;
                double[] gradient = [.. weights[p].Select(_ => random.NextGaussian())];
                parameters[p].Item2.grad = tensor(gradient).view(parameters[p].Item2.shape);
                for (int i = 0; i < gradient.Length; i++)
                {
                    weights[p][i] *= 1 - rate * decay;
                    means[p][i] = 0.9 * means[p][i] + 0.1 * gradient[i];
                    squares[p][i] = 0.95 * squares[p][i] + 0.05 * gradient[i] * gradient[i];
                    double corrected = Math.Sqrt(squares[p][i] / (1 - Math.Pow(0.95, ages[p]))) + 1e-8;
                    weights[p][i] -= rate * means[p][i] / (1 - Math.Pow(0.9, ages[p])) / corrected;
                }
            }
            optimizer.Step(rate);
        }
        Assert.Equal(12, optimizer.Steps);
        for (int p = 0; p < parameters.Count; p++)
            foreach ((double want, double got) in weights[p].Zip(Values(parameters[p].Item2))) Assert.Equal(want, got, 1e-10);
    }

    [Fact]
    public void AgreesWithTorchSharpsAdamWInFloat32()
    {
        using var scope = NewDisposeScope();
        List<(string, Parameter)> ours = Make(new RandomStream(2, "w"), ScalarType.Float32), theirs = Make(new RandomStream(2, "w"), ScalarType.Float32);
        using AdamW optimizer = new(ours, new AdamWOptions(0.9, 0.95, 1e-8, 0.01));
        using var peer = optim.AdamW(theirs.Select(one => one.Item2), 1e-2, 0.9, 0.95, 1e-8, 0.01);
        RandomStream random = new(3, "g");
        for (int step = 0; step < 20; step++)
        {
            for (int p = 0; p < ours.Count; p++)
            {
                Tensor gradient = Gradient(random, ours[p].Item2);
                (ours[p].Item2.grad, theirs[p].Item2.grad) = (gradient, gradient.clone());
            }
            optimizer.Step(1e-2);
            peer.step();
        }
        foreach (((_, Parameter got), (_, Parameter want)) in ours.Zip(theirs)) Assert.True(got.sub(want).abs().max().item<float>() < 2e-6);
    }

    [Fact]
    public void SavedAndLoadedItGoesOnToTheBit()
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            List<(string, Parameter)> whole = Make(new RandomStream(4, "w"), dtype), cut = Make(new RandomStream(4, "w"), dtype);
            using AdamW first = new(whole);
            RandomStream random = new(5, "g");
            Run(first, whole, random, 5);
            ulong[] state = [.. random.State];
            Dictionary<string, Tensor> saved = first.State().ToDictionary(one => one.Key, one => one.Value.clone());
            foreach (((_, Parameter from), (_, Parameter to)) in whole.Zip(cut))
                using (no_grad()) to.copy_(from);
            Run(first, whole, random, 5);
            using AdamW second = new(cut);
            second.Load(saved);
            Run(second, cut, new RandomStream(0, "") { State = state }, 5);
            foreach (((_, Parameter a), (_, Parameter b)) in whole.Zip(cut)) Assert.True(a.eq(b).all().item<bool>());
            Assert.Equal(dtype == ScalarType.BFloat16, saved.ContainsKey("p0.master"));
        }
    }

    [Fact]
    public void StateInHostMemoryGivesTheSameBitsInWhateverParts()
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.BFloat16 })
            foreach (long bytes in (long[])[1, 200, 1L << 30])
            {
                List<(string, Parameter)> plain = Make(new RandomStream(4, "w"), dtype), moved = Make(new RandomStream(4, "w"), dtype);
                using AdamW whole = new(plain), offloaded = new(moved, new AdamWOptions { Offload = true, PartBytes = bytes });
                Run(whole, plain, new RandomStream(5, "g"), 4);
                Run(offloaded, moved, new RandomStream(5, "g"), 4);
                foreach (((_, Parameter a), (_, Parameter b)) in plain.Zip(moved)) Assert.True(a.eq(b).all().item<bool>());
                IReadOnlyDictionary<string, Tensor> state = offloaded.State();
                foreach ((string key, Tensor value) in whole.State()) Assert.True(value.eq(state[key]).all().item<bool>(), key);
                Assert.All(state.Values, value => Assert.Equal(TorchSharp.DeviceType.CPU, value.device_type));
                // what one left the other takes over
                whole.Load(state.ToDictionary(one => one.Key, one => one.Value.clone()));
                Run(whole, plain, new RandomStream(6, "g"), 2);
                Run(offloaded, moved, new RandomStream(6, "g"), 2);
                foreach (((_, Parameter a), (_, Parameter b)) in plain.Zip(moved)) Assert.True(a.eq(b).all().item<bool>());
            }
    }

    [Fact]
    public void HalfPrecisionLearnsThroughItsMasterCopy()
    {
        using var scope = NewDisposeScope();
        Parameter weight = new(ones(4, dtype: ScalarType.BFloat16));
        using AdamW optimizer = new([("w", weight)]);
        for (int step = 0; step < 100; step++)
        {
            weight.grad = ones(4, dtype: ScalarType.BFloat16);
            optimizer.Step(1e-4); // far below bf16's resolution at 1
        }
        Assert.Equal(0.99, weight.mean().to(ScalarType.Float64).item<double>(), 4e-3);
        Assert.Equal(0.99, optimizer.State()["w.master"].mean().item<float>(), 1e-4);
    }

    [Fact]
    public void ClippingScalesToTheNormAndLeavesSmallGradientsAlone()
    {
        using var scope = NewDisposeScope();
        foreach (ScalarType dtype in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16 })
        {
            List<(string, Parameter)> parameters = Make(new RandomStream(6, "w"), dtype);
            using AdamW optimizer = new(parameters);
            double sum = 0;
            foreach ((_, Parameter parameter) in parameters)
            {
                parameter.grad = Gradient(new RandomStream(7, "g"), parameter);
                sum += Values(parameter.grad).Sum(x => x * x);
            }
            double tolerance = dtype == ScalarType.BFloat16 ? 5e-3 : 1e-5;
            Assert.Equal(Math.Sqrt(sum), optimizer.ClipGradientNorm(1e9), Math.Sqrt(sum) * 1e-5);
            Assert.Equal(Math.Sqrt(sum), optimizer.ClipGradientNorm(0.5), Math.Sqrt(sum) * 1e-5);
            Assert.Equal(0.5, optimizer.ClipGradientNorm(1), tolerance);
            parameters[0].Item2.grad!.fill_(float.NaN);
            Assert.True(double.IsNaN(optimizer.ClipGradientNorm(1)));
            Assert.DoesNotContain(Values(parameters[1].Item2.grad!), double.IsNaN);
        }
    }

    [Fact]
    public void AForeignStateIsRefusedByName()
    {
        using var scope = NewDisposeScope();
        using AdamW optimizer = new(Make(new RandomStream(8, "w"), ScalarType.Float32));
        Dictionary<string, Tensor> state = optimizer.State().ToDictionary(one => one.Key, one => one.Value.clone());
        Tensor held = state["p1.exp_avg"];
        state.Remove("p1.exp_avg");
        Assert.Contains("p1.exp_avg", Assert.Throws<InvalidInputException>(() => optimizer.Load(state)).Message);
        state["p1.exp_avg"] = zeros(99);
        Assert.Contains("p1.exp_avg", Assert.Throws<InvalidInputException>(() => optimizer.Load(state)).Message);
        (state["p1.exp_avg"], state["stranger.step"]) = (held, tensor(1.0));
        Assert.Contains("stranger", Assert.Throws<InvalidInputException>(() => optimizer.Load(state)).Message);
    }

    private static void Run(AdamW optimizer, List<(string, Parameter)> parameters, RandomStream random, int steps)
    {
        for (int step = 0; step < steps; step++)
        {
            foreach ((_, Parameter parameter) in parameters) parameter.grad = Gradient(random, parameter);
            optimizer.ClipGradientNorm(1);
            optimizer.Step(0.01);
        }
    }

    private static List<(string, Parameter)> Make(RandomStream random, ScalarType dtype) =>
        [.. Shapes.Select((shape, i) => ($"p{i}", new Parameter(Random(random, shape).to(dtype))))];

    private static Tensor Gradient(RandomStream random, Tensor like) => Random(random, like.shape).to(like.dtype);

    private static Tensor Random(RandomStream random, long[] shape) =>
        tensor(Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => random.NextGaussian()).ToArray()).view(shape);

    private static double[] Values(Tensor x) => x.detach().to(ScalarType.Float64).contiguous().data<double>().ToArray();
}
