using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

public sealed class TensorArithmeticTests
{
    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Int64)]
    public void TheBitsAndTypesAreThoseOfTheOperators(ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        const double Real = 0.3;
        const long Whole = 3;
        Tensor x = (arange(-8, 9) * 0.7).to(type), y = (arange(-8, 9) * 0.31).to(type);
        Same(x + y, x.Plus(y));
        Same(x + Real, x.Plus(Real));
        Same(x + Whole, x.Plus(Whole));
        Same(x - Real, x.Minus(Real));
        Same(x - Whole, x.Minus(Whole));
        Same(x * Real, x.Times(Real));
        Same(x * Whole, x.Times(Whole));
        Same(x / Real, x.Over(Real));
        Same(x / Whole, x.Over(Whole));
        Same(x.square(), x.Squared());
        Same(x.clamp(-2.0, 1.5), x.Within(-2, 1.5));
        Same(x == Whole, x.EqualTo(Whole));
        Same(x > Real, x.GreaterThan(Real));
        Same(x <= Real, x.AtMost(Real));
        Same(arange(5, type), Scalars.Range(5, type));
        Same(x.clone().add_(y), x.clone().Plus_(y));
        if (type == ScalarType.Int64) return;
        Same(x.clone().add_(Real), x.clone().Plus_(Real));
        Same(x.clone().mul_(Real), x.clone().Times_(Real));
    }

    [Fact, Trait("speed", "slow")]
    public void NumbersOutliveTheCollectionsOfOtherThreads()
    {
        // with temporary scalars, 'x * (0.5 + i)', this fails within a second
        using CancellationTokenSource end = new(TimeSpan.FromSeconds(5));
        Thread collector = new(() =>
        {
            while (!end.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.IsBackground = true;
        collector.Start();
        double[] values = [1, 2, 3];
        using Tensor x = tensor(values);
        for (double number = 0.5; !end.IsCancellationRequested; number++)
        {
            Check(x.Plus(x), value => value + value);
            Check(x.Plus(number), value => value + number);
            Check(x.Times(number), value => value * number);
            Check(x.Squared(), value => value * value);
            Check(x.Within(1.5, number), value => Math.Min(Math.Max(value, 1.5), number));
        }
        collector.Join();

        void Check(Tensor result, Func<double, double> expected)
        {
            using (result) Assert.Equal(values.Select(expected), result.data<double>().ToArray());
        }
    }

    private static void Same(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.dtype, actual.dtype);
        Assert.True(expected.bytes.SequenceEqual(actual.bytes), $"{expected.npstr()} became {actual.npstr()}");
    }
}
