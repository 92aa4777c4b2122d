using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>The gated activation in one pass is that of torch's operations, with its gradients.</summary>
public sealed class SwiGluTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 3, 7 }, { 5, 8 }, { 2, 33 }, { 1, 688 }, { 90, 250 }, { 0, 16 }, { 3, 0 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void ResultsAndGradientsAreThoseOfTorch(int rows, int width)
    {
        foreach (bool wanted in (bool[])[true, false])
            KernelCheck.Same(Kernel, Plain, [KernelCheck.Draw(1, rows, 1, 2 * width)], [wanted]);
        foreach ((bool gate, bool up) in ((bool, bool)[])[(true, true), (true, false), (false, true), (false, false)])
            KernelCheck.Same(Kernel, Plain, [KernelCheck.Draw(1, rows, 1, width), KernelCheck.Draw(2, rows, 1, width)], [gate, up]);
    }

    [Fact]
    public void OtherLayoutsAndTypesAreTorchs()
    {
        using DisposeScope scope = NewDisposeScope();
        KernelCheck.Same(Kernel, Plain, [KernelCheck.Draw(1, 24, 9).t()], [true]);
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float64, ScalarType.BFloat16])
        {
            Tensor x = KernelCheck.Draw(1, 4, 24).to(type);
            Assert.True(SwiGlu.Plain(x).eq(SwiGlu.Run(x)).all().item<bool>());
        }
        Assert.Throws<ArgumentException>(() => SwiGlu.Run(ones(3, 5)));
        Assert.Throws<ArgumentException>(() => SwiGlu.Run(ones(3, 4), ones(4, 3)));
    }

    [Fact]
    public void LargeNumbersGiveWhatTorchGives()
    {
        using DisposeScope scope = NewDisposeScope();
        float[] numbers = [float.NegativeInfinity, -1000, -100, -89, -88, -30, 0, 30, 88, 1000, float.PositiveInfinity, float.NaN];
        // each with each; the last ones are computed without vectors
        Tensor each = cat([tensor(numbers), tensor(numbers[..3])]);
        Tensor gates = each.repeat_interleave(numbers.Length), ups = tensor(numbers).repeat([each.numel()]);
        (Tensor[] expected, Tensor[] found) = (ResultAndGradients(Plain, gates, ups), ResultAndGradients(Kernel, gates, ups));
        foreach ((Tensor their, Tensor our) in expected.Zip(found))
            Assert.True(their.isclose(our, 1e-6, 1e-30, true).all().item<bool>(), Differences(gates, ups, their, our));
    }

    [Fact]
    public void HalvesOfOneTensorGiveTheBitsOfTwo()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor gate = KernelCheck.Draw(1, 7, 30), up = KernelCheck.Draw(2, 7, 30);
        Assert.True(SwiGlu.Run(gate, up).eq(SwiGlu.Run(cat([gate, up], 1))).all().item<bool>());
    }

    [Fact]
    public void GradientsOfGradientsAreThoseOfTorch() => KernelCheck.SameTwice(Kernel, Plain, [KernelCheck.Draw(1, 4, 24)]);

    [Fact]
    public void ArgumentsMayDependOnEachOther()
    {
        foreach (Func<Tensor, Tensor[]> arguments in (Func<Tensor, Tensor[]>[])[x => [x, x.square()], x => [x.square(), x], x => [x, x]])
            KernelCheck.SameTwice(inputs => Kernel(arguments(inputs[0])), inputs => Plain(arguments(inputs[0])), [KernelCheck.Draw(1, 4, 24)]);
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfThreads() => KernelCheck.SameOnAnyNumberOfThreads(Kernel, [KernelCheck.Draw(1, 90, 500)]);

    private static Tensor[] ResultAndGradients(Func<Tensor[], Tensor> function, params Tensor[] inputs)
    {
        Tensor[] leaves = [.. inputs.Select(input => input.clone().requires_grad_(true))];
        Tensor result = function(leaves);
        result.backward([ones_like(result)]);
        return [result.detach(), .. leaves.Select(leaf => leaf.grad!)];
    }

    private static string Differences(Tensor gates, Tensor ups, Tensor expected, Tensor found) => string.Join("; ", Enumerable.Range(0, (int)gates.numel())
        .Select(i => (Gate: gates[i].item<float>(), Up: ups[i].item<float>(), Expected: expected[i].item<float>(), Found: found[i].item<float>()))
        .Where(one => !one.Expected.Equals(one.Found)));

    private static Tensor Kernel(Tensor[] inputs) => SwiGlu.Run(inputs);

    private static Tensor Plain(Tensor[] inputs) => SwiGlu.Plain(inputs);
}
