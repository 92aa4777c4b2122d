using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class TokenLogProbabilitiesTests
{
    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(true, true, 6)]
    [InlineData(true, true, 13)]
    [InlineData(true, false, 13)]
    [InlineData(false, true, 6)]
    public void ChunksGiveTheValuesAndGradientsOfTheWhole(bool hiddenGradient, bool weightGradient, int keptRows)
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(7);
        Tensor hidden_NH = randn([13, 6], ScalarType.Float64, generator: generator), weight_VH = randn([40, 6], ScalarType.Float64, generator: generator);
        Tensor labels_N = randint(0, 40, [13], ScalarType.Int64, generator: generator), upstream_N = randn([13], ScalarType.Float64, generator: generator);
        Tensor hidden2_NH = hidden_NH.clone().requires_grad_(hiddenGradient), weight2_VH = weight_VH.clone().requires_grad_(weightGradient);
        hidden_NH.requires_grad_(hiddenGradient);
        weight_VH.requires_grad_(weightGradient);

        Tensor whole_N = TokenLogProbabilities.FromLogits(hidden_NH.mm(weight_VH.t()), labels_N);
        (whole_N * upstream_N).sum().backward();
        // four rows a chunk, the last one short
        Tensor chunked_N = TokenLogProbabilities.FromHidden(hidden2_NH, weight2_VH, labels_N, 4 * 4 * 40, 8 * keptRows * 40);
        (chunked_N * upstream_N).sum().backward();

        Assert.True(whole_N.allclose(chunked_N, 1e-12, 1e-12));
        if (hiddenGradient) Assert.True(hidden_NH.grad!.allclose(hidden2_NH.grad!, 1e-10, 1e-12));
        if (weightGradient) Assert.True(weight_VH.grad!.allclose(weight2_VH.grad!, 1e-10, 1e-12));
    }

    [Fact]
    public void Bfloat16IsComputedInFloat32WhereTheProcessorHasNoInstructionsForIt()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(7);
        Tensor hidden_NH = randn([13, 6], generator: generator).to(ScalarType.BFloat16);
        Tensor weight_VH = randn([40, 6], generator: generator).to(ScalarType.BFloat16), labels_N = randint(0, 40, [13], ScalarType.Int64,
            generator: generator);
        Tensor wideHidden_NH = hidden_NH.to(ScalarType.Float32).requires_grad_(true), wideWeight_VH = weight_VH.to(ScalarType.Float32).requires_grad_(true);
        Tensor exact_N = TokenLogProbabilities.FromLogits(wideHidden_NH.mm(wideWeight_VH.t()), labels_N);
        exact_N.sum().backward();

        using IDisposable assume = HalfProducts.Assume(slow: true);
        hidden_NH.requires_grad_(true);
        weight_VH.requires_grad_(true);
        Tensor chunked_N = TokenLogProbabilities.FromHidden(hidden_NH, weight_VH, labels_N, 4 * 4 * 40);
        chunked_N.sum().backward();

        // no logit was rounded to bfloat16 on the way
        Assert.True(exact_N.allclose(chunked_N, 1e-5, 1e-5));
        Assert.True(wideHidden_NH.grad!.allclose(hidden_NH.grad!.to(ScalarType.Float32), 1e-2, 1e-2));
        Assert.True(wideWeight_VH.grad!.allclose(weight_VH.grad!.to(ScalarType.Float32), 1e-2, 1e-2));
    }
}
