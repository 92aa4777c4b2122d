using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Holds a kernel of our own beside the same function by torch's operations.</summary>
internal static class KernelCheck
{
    /// <summary>Numbers that do not depend on anything but the seed.</summary>
    public static Tensor Draw(int seed, params long[] shape)
    {
        using Generator generator = new((ulong)seed);
        return randn(shape, ScalarType.Float32, generator: generator);
    }

    /// <summary>The results and all gradients of two functions are equal within rounding; where one has no gradient, neither has the other.</summary>
    public static void Same(Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> plain, Tensor[] inputs, bool[] wanted, double tolerance = 2e-6)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor ours, Tensor?[] ourGradients) = Pass(kernel, inputs, wanted);
        (Tensor theirs, Tensor?[] theirGradients) = Pass(plain, inputs, wanted);
        Near(theirs, ours, tolerance);
        foreach ((Tensor? their, Tensor? our) in theirGradients.Zip(ourGradients))
        {
            Assert.Equal(their is null, our is null);
            if (their is not null) Near(their, our!, tolerance);
        }
        using IDisposable noGrad = no_grad();
        Near(theirs, kernel(inputs), tolerance);
    }

    /// <summary>Gradients, and the gradient of the sum of their squares, are those of torch's operations.</summary>
    public static void SameTwice(Func<Tensor[], Tensor> kernel, Func<Tensor[], Tensor> plain, Tensor[] inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] Twice(Func<Tensor[], Tensor> function)
        {
            Tensor[] leaves = [.. inputs.Select(input => input.detach().clone().requires_grad_(true))];
            IList<Tensor> first = autograd.grad([function(leaves).square().sum()], leaves, retain_graph: true, create_graph: true);
            first.Select(gradient => gradient.square().sum()).Aggregate((a, b) => a.add(b, Objectives.Scalars.One)).backward();
            return [.. first, .. leaves.Select(leaf => leaf.grad!)];
        }

        foreach ((Tensor their, Tensor our) in Twice(plain).Zip(Twice(kernel))) Near(their, our, 2e-5);
    }

    /// <summary>Results and gradients have the same bits on one thread and on several.</summary>
    public static void SameOnAnyNumberOfThreads(Func<Tensor[], Tensor> kernel, Tensor[] inputs)
    {
        using DisposeScope scope = NewDisposeScope();
        int threads = get_num_threads();
        bool[] all = [.. inputs.Select(_ => true)];
        try
        {
            set_num_threads(1);
            (Tensor one, Tensor?[] oneGradients) = Pass(kernel, inputs, all);
            set_num_threads(2);
            (Tensor two, Tensor?[] twoGradients) = Pass(kernel, inputs, all);
            Assert.True(one.eq(two).all().item<bool>());
            Assert.All(oneGradients.Zip(twoGradients), pair => Assert.True(pair.First!.eq(pair.Second!).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    private static (Tensor Result, Tensor?[] Gradients) Pass(Func<Tensor[], Tensor> function, Tensor[] inputs, bool[] wanted)
    {
        // a view keeps its strides: kernels meet tensors that are not contiguous, too
        Tensor[] leaves = [.. inputs.Zip(wanted, (input, wants) => input.detach().requires_grad_(wants))];
        foreach (Tensor leaf in leaves) leaf.grad = null;
        Tensor result = function(leaves);
        Assert.Equal(wanted.Any(wants => wants), result.requires_grad);
        if (result.requires_grad) result.backward([Draw(99, result.shape)]);
        return (result.detach(), [.. leaves.Select(leaf => leaf.grad)]);
    }

    private static void Near(Tensor expected, Tensor found, double tolerance)
    {
        Assert.Equal(expected.shape, found.shape);
        if (expected.numel() == 0) return;
        double largest = Math.Max(1, expected.abs().max().item<float>());
        Assert.InRange((expected - found).abs().max().item<float>(), 0, tolerance * largest);
    }
}
