using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class TokenLogProbabilitiesTests
{
    // 13 rows and 40 columns by chunks of 4 rows and 5 columns (the last row apart), of 13 and 1, and whole; kept: none, two chunks of columns, all
    [Theory]
    [InlineData(true, true, 20, 0)]
    [InlineData(true, true, 20, 10)]
    [InlineData(true, true, 20, 40)]
    [InlineData(true, true, 25, 39)]
    [InlineData(true, true, 170, 26)]
    [InlineData(true, true, 520, 40)]
    [InlineData(true, true, 520, 0)]
    [InlineData(true, true, 1, 20)]
    [InlineData(true, false, 20, 40)]
    [InlineData(false, true, 20, 10)]
    public void ChunksGiveTheValuesAndGradientsOfTheWhole(bool hiddenGradient, bool weightGradient, int chunk, int keptColumns)
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(7);
        Tensor hidden_NH = randn([13, 6], ScalarType.Float64, generator: generator), weight_VH = randn([40, 6], ScalarType.Float64, generator: generator);
        Tensor labels_N = randint(0, 40, [13], ScalarType.Int64, generator: generator), upstream_N = randn([13], ScalarType.Float64, generator: generator);
        Tensor hidden2_NH = hidden_NH.clone().requires_grad_(hiddenGradient), weight2_VH = weight_VH.clone().requires_grad_(weightGradient);
        hidden_NH.requires_grad_(hiddenGradient);
        weight_VH.requires_grad_(weightGradient);

        Tensor logits_NV = hidden_NH.mm(weight_VH.t()), whole_N = TokenLogProbabilities.FromLogits(logits_NV, labels_N);
        (whole_N * upstream_N).sum().backward();
        Tensor chunked_N = TokenLogProbabilities.FromHidden(hidden2_NH, weight2_VH, labels_N, 8 * chunk, 8 * 13 * keptColumns);
        (chunked_N * upstream_N).sum().backward();

        Assert.True(whole_N.allclose(chunked_N, 1e-12, 1e-12));
        if (hiddenGradient) Assert.True(hidden_NH.grad!.allclose(hidden2_NH.grad!, 1e-10, 1e-12));
        if (weightGradient) Assert.True(weight_VH.grad!.allclose(weight2_VH.grad!, 1e-10, 1e-12));
        (Tensor again_N, Tensor entropy_N) = TokenLogProbabilities.FromHiddenWithEntropy(hidden2_NH, weight2_VH, labels_N, 8 * chunk);
        Assert.True(again_N.allclose(chunked_N, 0, 1e-15));
        Assert.True(TokenLogProbabilities.Entropy(logits_NV).allclose(entropy_N, 1e-12, 1e-12));
    }

    [Fact]
    public void LogitsAFloatApartAndChunksOfMinusInfinityAreRight()
    {
        using var scope = NewDisposeScope();
        // columns rise and fall by hundreds from chunk to chunk; the first is -inf, a chunk of its own at times, and so is the last but one
        Tensor hidden_NH = tensor(new float[,] { { 1, 2 }, { 3, 2 }, { -1, 2 } });
        Tensor weight_VH = tensor(new float[,] { { 0, -3e38f }, { -400, 0 }, { 300, 0 }, { 299, 0 }, { 1, -3e38f }, { 0, 0 } });
        Tensor labels_N = tensor(new long[] { 2, 3, 1 });

        Tensor expected_N = TokenLogProbabilities.FromLogits(hidden_NH.mm(weight_VH.t()), labels_N);
        foreach (long chunk in (long[])[1, 4, 6, 18])
        {
            (Tensor logProbs_N, Tensor entropy_N) = TokenLogProbabilities.FromHiddenWithEntropy(hidden_NH, weight_VH, labels_N, 4 * chunk);
            Assert.True(expected_N.allclose(logProbs_N, 1e-6, 1e-6), $"chunk {chunk}: {string.Join(' ', logProbs_N.data<float>().ToArray())}");
            Assert.True(TokenLogProbabilities.Entropy(hidden_NH.mm(weight_VH.t())).allclose(entropy_N, 1e-6, 1e-6), $"entropy of chunk {chunk}");
        }
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(40)]
    public void ALabelBeyondTheWeightIsRefused(long label)
    {
        using var scope = NewDisposeScope();
        ArgumentException error = Assert.Throws<ArgumentException>(() =>
            TokenLogProbabilities.FromHidden(randn(2, 6), randn(40, 6), tensor(new[] { 3, label }), 8 * 4));
        Assert.Contains("40 rows", error.Message, StringComparison.Ordinal);
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
