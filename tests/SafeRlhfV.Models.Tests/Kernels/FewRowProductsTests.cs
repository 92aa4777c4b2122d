using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class FewRowProductsTests
{
    public FewRowProductsTests() => Assert.SkipUnless(FewRowsNarrow.IsSupported, "this processor has no vectors of 256 bits");

    [Theory]
    [InlineData(1, 16, 8, false)]
    [InlineData(1, 688, 256, true)]
    [InlineData(3, 48, 24, true)]
    [InlineData(4, 256, 768, false)]
    [InlineData(16, 256, 1376, true)]
    [InlineData(17, 64, 40, false)]
    [InlineData(64, 128, 8, true)]
    public void TheProductIsThatOfTorch(int rows, int inputs, int outputs, bool hasBias)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(7);
        (Tensor x, Tensor weight) = (randn([rows, 1, inputs], generator: generator), randn([outputs, inputs], generator: generator));
        Tensor? bias = hasBias ? randn([outputs], generator: generator) : null;
        Tensor exact = nn.functional.linear(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), bias?.to(ScalarType.Float64));
        using IDisposable decoding = FewRowProducts.Decode();
        Tensor? product = FewRowProducts.TryRun(x, weight, bias);
        Assert.NotNull(product);
        Assert.Equal([rows, 1, outputs], product.shape);
        Assert.True(exact.allclose(product.to(ScalarType.Float64), 1e-5, 1e-4));
        // what a processor without vectors of 512 bits computes
        Assert.True(exact.allclose(FewRowProducts.Run(x, weight, bias, isWide: false).to(ScalarType.Float64), 1e-5, 1e-4));
    }

    [Fact]
    public void NeitherOtherRowsNorThreadsChangeABit()
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(7);
        Tensor x = randn([13, 1, 96], generator: generator), weight = randn([72, 96], generator: generator), bias = randn([72], generator: generator);
        bool[] kernels = FewRowsWide.IsSupported ? [true, false] : [false];
        Tensor[] together = [.. kernels.Select(isWide => FewRowProducts.Run(x, weight, bias, isWide))];
        int threads = get_num_threads();
        set_num_threads(1);
        try
        {
            for (int row = 0; row < 13; row++)
                foreach ((bool isWide, Tensor all) in kernels.Zip(together))
                    Assert.True(all[row].equal(FewRowProducts.Run(x.narrow(0, row, 1).clone(), weight, bias, isWide)[0]).all().item<bool>());
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void WhatItCannotDoIsLeftToTorch()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor x = randn(4, 1, 32), weight = randn(16, 32);
        Assert.Null(FewRowProducts.TryRun(x, weight, null)); // a whole pass
        using IDisposable decoding = FewRowProducts.Decode();
        Assert.NotNull(FewRowProducts.TryRun(x, weight, null));
        Assert.Null(FewRowProducts.TryRun(randn(4, 2, 32), weight, null));
        Assert.Null(FewRowProducts.TryRun(x.squeeze(1), weight, null));
        Assert.Null(FewRowProducts.TryRun(randn(65, 1, 32), weight, null));
        Assert.Null(FewRowProducts.TryRun(randn(0, 1, 32), weight, null));
        Assert.Null(FewRowProducts.TryRun(randn(4, 1, 24), randn(16, 24), null));
        Assert.Null(FewRowProducts.TryRun(x, randn(12, 32), null));
        Assert.Null(FewRowProducts.TryRun(x.to(ScalarType.Float64), weight.to(ScalarType.Float64), null));
        Assert.Null(FewRowProducts.TryRun(randn(32, 1, 4).transpose(0, 2), weight, null));
        weight.requires_grad_();
        Assert.Null(FewRowProducts.TryRun(x, weight, null));
        using IDisposable noGrad = no_grad();
        Assert.NotNull(FewRowProducts.TryRun(x, weight, null));
    }
}
