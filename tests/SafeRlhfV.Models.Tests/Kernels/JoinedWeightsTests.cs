using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Matrices in one block of memory give the product, and get the gradients, of their concatenation.</summary>
public sealed class JoinedWeightsTests
{
    [Fact]
    public void GradientsGoToTheirParts()
    {
        foreach (bool[] wanted in (bool[][])[[true, true, true, true], [true, false, true, false], [false, true, false, false], [false, false, false, false]])
            KernelCheck.Same(Kernel, Plain, Inputs(), wanted);
    }

    [Fact]
    public void GradientsOfGradientsAreThoseOfTorch() => KernelCheck.SameTwice(Kernel, Plain, Inputs());

    [Fact]
    public void ArgumentsMayDependOnEachOther()
    {
        Tensor[] Arguments(Tensor[] inputs) => [inputs[0], inputs[1], inputs[1].square(), inputs[1]];
        KernelCheck.SameTwice(inputs => Kernel(Arguments(inputs)), inputs => Plain(Arguments(inputs)), [KernelCheck.Draw(1, 5, 6), KernelCheck.Draw(2, 3, 6)]);
    }

    [Fact]
    public void GradientsAddUpOverPasses()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[] parts = [.. Inputs().Skip(1).Select(part => part.requires_grad_(true))];
        for (int pass = 0; pass < 2; pass++) Kernel([KernelCheck.Draw(pass, 5, 6), .. parts]).sum().backward();
        Tensor expected = (KernelCheck.Draw(0, 5, 6) + KernelCheck.Draw(1, 5, 6)).sum([0]);
        Assert.All(parts, part => Assert.True((part.grad! - expected).abs().max().item<float>() < 1e-5));
    }

    private static Tensor[] Inputs() => [KernelCheck.Draw(1, 5, 6), KernelCheck.Draw(2, 3, 6), KernelCheck.Draw(3, 1, 6), KernelCheck.Draw(4, 4, 6)];

    private static Tensor Kernel(Tensor[] inputs)
    {
        Tensor block;
        using (no_grad()) block = cat(inputs[1..], 0);
        return nn.functional.linear(inputs[0], JoinedWeights.Run(block, inputs[1..]));
    }

    private static Tensor Plain(Tensor[] inputs) => nn.functional.linear(inputs[0], cat(inputs[1..], 0));
}
