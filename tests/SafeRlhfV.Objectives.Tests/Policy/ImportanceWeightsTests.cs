using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class ImportanceWeightsTests
{
    private static readonly SafePpoOptions Options = new();

    [Fact]
    public void WeightsAreRatiosUpToTheCap()
    {
        double[] own = [-1, -2, -0.5, -90], engine = [-1, -2.5, -3, -1];
        Assert.Equal(new double[] { 1, Math.Exp(0.5), 2, Math.Exp(-89) }, ImportanceWeights.Of<double>(own, engine, new(2)), (a, b) =>
            Math.Abs(a - b) < 1e-12);
        Assert.Throws<ArgumentException>(() => ImportanceWeights.Of<double>(own, [-1.0], new(2)));
    }

    [Fact]
    public void TheSharesShowWhatTheMeanHides()
    {
        // half of the tokens twice as likely, half of them not at all: in the mean all is well
        EngineMismatch mismatch = EngineMismatch.Of(Enumerable.Range(0, 100).Select(i => (i % 2 == 0 ? MathF.Log(1.9f) : MathF.Log(0.1f), 0f)), 1.5)!;
        Assert.Equal(1, mismatch.Mean, 1e-6);
        Assert.Equal((1.0, 0.5), (mismatch.OutsideShare, mismatch.CappedShare));
        Assert.Equal(1.9, mismatch.P95, 1e-6);
        Assert.Null(EngineMismatch.Of([], 2));
    }

    [Fact]
    public void WeightsOfOneChangeNothing()
    {
        (double loss, double[] gradient) = Loss(null);
        (double one, double[] other) = Loss([1, 1, 1]);
        Assert.Equal(loss, one);
        Assert.Equal(gradient, other);
        (double weighted, double[] scaled) = Loss([0.5, 2, 0]);
        Assert.NotEqual(loss, weighted);
        Assert.Equal(new double[] { gradient[0] * 0.5, gradient[1] * 2, 0 }, scaled, (a, b) => Math.Abs(a - b) < 1e-12);

        static (double, double[]) Loss(double[]? weights)
        {
            using Tensor logProbs = tensor(new double[] { -1, -2, -3 }, requires_grad: true), mask = ones(1, 3, ScalarType.Bool);
            PolicyLoss loss = PolicyLosses.ClippedSurrogate(logProbs.unsqueeze(0), Row(-1.1, -2, -2.9), Row(1, -1, 2), mask,
                weights_BT: weights is null ? null : Row(weights));
            loss.Loss.backward();
            return (loss.Loss.item<double>(), logProbs.grad!.data<double>().ToArray());
        }

        static Tensor Row(params double[] values) => tensor(values).unsqueeze(0);
    }

    /// <summary>
    /// Tokens that are drawn from other probabilities μ give, weighted, the policy's own gradient in expectation; unweighted they do not. All tokens are
    /// looked at, not a sample.
    /// </summary>
    [Fact]
    public void InExpectationTheGradientIsThatOfThePolicy()
    {
        const int Tokens = 7;
        double[] policy = [0.3, -1.2, 0.8, 0.1, -0.4, 1.1, -2], noise = [0.4, 0.1, -0.5, 0.3, 0.2, -0.3, 0.6], advantages = [1, -2, 0.5, 3, -1, 0.2, -0.7];
        double[] own = LogSoftmax(policy), engine = LogSoftmax([.. policy.Zip(noise, (logit, off) => logit + off)]);
        double[] expected = Gradient(own, null), weighted = Gradient(engine, ImportanceWeights.Of<double>(own, engine, new(1e9))),
            plain = Gradient(engine, null);
        Assert.Equal(expected, weighted, (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Contains(expected.Zip(plain), pair => Math.Abs(pair.First - pair.Second) > 1e-2);

        // the mean over tokens drawn from the given probabilities, of the gradient by the logits
        double[] Gradient(double[] drawnFrom, double[]? weights)
        {
            using Tensor logits = tensor(policy, requires_grad: true);
            Tensor sum = zeros(1, ScalarType.Float64);
            for (int token = 0; token < Tokens; token++)
            {
                Tensor logProb = logits.log_softmax(0)[token].view(1, 1);
                ShapedResponse<double> one = new([own[token]], [0], [0], new([0], [advantages[token]], [0]), null)
                {
                    Weights = weights is null ? null
                    : [weights[token]]
                };
                SafePpoBatch batch = SafePpoBatch.Collate([one], ones(1, 1, ScalarType.Bool));
                sum = sum + Math.Exp(drawnFrom[token]) * SafePpo.ComputeLosses(batch, 0, Options, logProbs_BT: logProb).Actor!.Loss;
            }
            sum.backward();
            return logits.grad!.data<double>().ToArray();
        }

        static double[] LogSoftmax(double[] logits) => [.. logits.Select(logit => logit - Math.Log(logits.Sum(Math.Exp)))];
    }
}
