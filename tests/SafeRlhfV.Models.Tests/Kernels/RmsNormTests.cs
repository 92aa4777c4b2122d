using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>The norm in one pass is the norm of torch's operations, with its gradients.</summary>
public sealed class RmsNormTests
{
    public static TheoryData<int, int> Sizes => new()
    {
        { 1, 1 }, { 3, 7 }, { 5, 8 }, { 2, 33 }, { 1, 256 }, { 300, 250 }, { 0, 16 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void ResultsAndGradientsAreThoseOfTorch(int rows, int size)
    {
        foreach (bool aroundOne in (bool[])[false, true])
            foreach ((bool x, bool weight) in ((bool, bool)[])[(true, true), (true, false), (false, true), (false, false)])
                KernelCheck.Same(Kernel(aroundOne), Plain(aroundOne), [KernelCheck.Draw(1, rows, 1, size), KernelCheck.Draw(2, size)], [x, weight], 5e-6);
    }

    [Fact]
    public void OtherLayoutsAndTypesAreTorchs()
    {
        using DisposeScope scope = NewDisposeScope();
        KernelCheck.Same(Kernel(false), Plain(false), [KernelCheck.Draw(1, 24, 9).t(), KernelCheck.Draw(2, 24)], [true, true]);
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float64, ScalarType.BFloat16, ScalarType.Float16])
        {
            Tensor x = KernelCheck.Draw(1, 4, 24).to(type), weight = KernelCheck.Draw(2, 24).to(type);
            Assert.True(RmsNorm.Plain(x, weight, 1e-5, true).eq(RmsNorm.Run(x, weight, 1e-5, true)).all().item<bool>());
        }
    }

    [Fact]
    public void GradientsOfGradientsAreThoseOfTorch() =>
        KernelCheck.SameTwice(Kernel(false), Plain(false), [KernelCheck.Draw(1, 4, 24), KernelCheck.Draw(2, 24)]);

    [Fact]
    public void ArgumentsMayDependOnEachOther()
    {
        foreach (Func<Tensor, Tensor[]> arguments in
            (Func<Tensor, Tensor[]>[])[x => [x, x.mean([0])], x => [x.mean([0], true).mul(x[0]), x[1]], x => [x[0], x[0]]])
            KernelCheck.SameTwice(inputs => Kernel(true)(arguments(inputs[0])), inputs => Plain(true)(arguments(inputs[0])), [KernelCheck.Draw(1, 4, 24)]);
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfThreads() =>
        KernelCheck.SameOnAnyNumberOfThreads(Kernel(false), [KernelCheck.Draw(1, 700, 250), KernelCheck.Draw(2, 250)]);

    [Fact]
    public void NumbersThatAreNotFiniteStaySo()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = tensor(new[] { float.NaN, 1, 2, 3, 1, 1, 1, 1 }, [2, 4]), y = RmsNorm.Run(x, ones(4), 1e-5, false);
        Assert.True(y[0].isnan().all().item<bool>());
        Assert.True(y[1].isfinite().all().item<bool>());
    }

    [Fact]
    public void GradientsAreFreedWithinTheBackwardPass()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = KernelCheck.Draw(1, 40, 24).requires_grad_(true), weight = ones(24).requires_grad_(true);
        Tensor y = Enumerable.Range(0, 20).Aggregate(x, (before, _) => RmsNorm.Run(before, weight, 1e-5, false));
        int before = scope.DisposablesCount;
        y.backward([ones_like(y)]);
        // the upstream gradient and what the last function gave
        Assert.InRange(scope.DisposablesCount - before, 0, 3);
        Assert.Equal(x.shape, x.grad!.shape);
    }

    private static Func<Tensor[], Tensor> Kernel(bool aroundOne) => inputs => RmsNorm.Run(inputs[0], inputs[1], 1e-5, aroundOne);

    private static Func<Tensor[], Tensor> Plain(bool aroundOne) => inputs => RmsNorm.Plain(inputs[0], inputs[1], 1e-5, aroundOne);
}
