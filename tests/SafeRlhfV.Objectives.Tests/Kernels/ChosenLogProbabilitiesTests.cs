using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Log-probabilities of chosen tokens in one pass each way are those of torch's operations, with their gradients.</summary>
public sealed class ChosenLogProbabilitiesTests
{
    [Theory]
    [InlineData(1, 1), InlineData(3, 7), InlineData(5, 8), InlineData(2, 1025), InlineData(80, 333), InlineData(0, 5)]
    public void ResultsAndGradientsAreThoseOfTorch(int rows, int vocabulary)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(3);
        Tensor logits = randn([rows, 1, vocabulary], ScalarType.Float32, generator: generator).mul_(Scalars.Two);
        Tensor labels = Scalars.Range(rows).view(rows, 1).remainder(tensor((long)vocabulary)), upstream = randn([rows, 1], generator: generator);
        Tensor Gradient(Func<Tensor, Tensor, Tensor> function, out Tensor result)
        {
            Tensor leaf = logits.detach().clone().requires_grad_(true);
            result = function(leaf, labels);
            result.backward([upstream]);
            return leaf.grad!;
        }

        Tensor theirs = Gradient(ChosenLogProbabilities.Plain, out Tensor expected), ours = Gradient(TokenLogProbabilities.FromLogits, out Tensor found);
        Near(expected, found);
        Near(theirs, ours);
        Near(expected, TokenLogProbabilities.FromLogits(logits, labels));
    }

    [Fact]
    public void TokensWithoutProbabilityAndNumbersThatAreNotFiniteAreTorchs()
    {
        using DisposeScope scope = NewDisposeScope();
        float[] values = [1, float.NegativeInfinity, 3, 4, float.NaN, 1, 2, 3, 500, -500, 0, 0];
        Tensor logits = tensor(values, [3, 4]).requires_grad_(true), labels = tensor(new long[] { 1, 0, 1 });
        Tensor found = TokenLogProbabilities.FromLogits(logits, labels);
        Assert.Equal(float.NegativeInfinity, found[0].item<float>());
        Assert.True(float.IsNaN(found[1].item<float>()));
        Assert.Equal(-1000, found[2].item<float>(), 1e-3);
        found[2].backward();
        Assert.Equal([0, 0, 0, 0], logits.grad![0].data<float>().ToArray());
        Assert.Equal([-1, 1, 0, 0], logits.grad![2].data<float>().ToArray());
    }

    [Fact]
    public void OtherTypesAreTorchs()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = randn([4, 9], ScalarType.Float64), labels = tensor(new long[] { 0, 8, 3, 3 });
        Assert.True(ChosenLogProbabilities.Plain(logits, labels).eq(TokenLogProbabilities.FromLogits(logits, labels)).all().item<bool>());
        Tensor wide = randn([9, 4]).t();
        Near(ChosenLogProbabilities.Plain(wide, labels), TokenLogProbabilities.FromLogits(wide, labels));
    }

    [Fact]
    public void ALabelBeyondTheVocabularyIsAnError()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.ThrowsAny<Exception>(() => TokenLogProbabilities.FromLogits(randn([2, 4]), tensor(new long[] { 0, 4 })));
        Assert.ThrowsAny<Exception>(() => TokenLogProbabilities.FromLogits(randn([2, 4]), tensor(new long[] { 0, -1 })));
    }

    [Fact]
    public void GradientsOfGradientsAreThoseOfTorch()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = randn([4, 9]), labels = tensor(new long[] { 0, 8, 3, 3 });
        Tensor Twice(Func<Tensor, Tensor, Tensor> function)
        {
            Tensor leaf = logits.detach().clone().requires_grad_(true);
            Tensor first = autograd.grad([function(leaf, labels).square().sum()], [leaf], retain_graph: true, create_graph: true)[0];
            first.square().sum().backward();
            return leaf.grad!;
        }

        Near(Twice(ChosenLogProbabilities.Plain), Twice(TokenLogProbabilities.FromLogits));
    }

    private static void Near(Tensor expected, Tensor found)
    {
        Assert.Equal(expected.shape, found.shape);
        if (expected.numel() > 0) Assert.InRange((expected - found).abs().max().item<float>(), 0, 5e-6 * Math.Max(1, expected.abs().max().item<float>()));
    }
}
