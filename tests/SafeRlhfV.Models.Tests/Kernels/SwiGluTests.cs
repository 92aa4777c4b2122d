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
        float[] gates = [-1000, -100, -88, -30, 0, 30, 88, 1000, float.NaN];
        Tensor both = cat([tensor(gates), ones(gates.Length)], 0).unsqueeze(0), expected = SwiGlu.Plain(both), found = SwiGlu.Run(both);
        Assert.True(expected.isnan().eq(found.isnan()).all().item<bool>());
        Assert.True((expected - found).nan_to_num().abs().max().item<float>() < 1e-6);
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
    public void BitsDoNotDependOnTheNumberOfThreads() => KernelCheck.SameOnAnyNumberOfThreads(Kernel, [KernelCheck.Draw(1, 90, 500)]);

    private static Tensor Kernel(Tensor[] inputs) => SwiGlu.Run(inputs);

    private static Tensor Plain(Tensor[] inputs) => SwiGlu.Plain(inputs);
}
