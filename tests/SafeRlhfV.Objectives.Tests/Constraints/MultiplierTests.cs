namespace SafeRlhfV.Objectives.Tests;

public sealed class MultiplierTests
{
    /// <summary>Plain ascent: twice the violation is twice the step. Adam's step would be the rate, whatever the violation.</summary>
    [Theory]
    [InlineData(MultiplierMode.Projected)]
    [InlineData(MultiplierMode.Log)]
    [InlineData(MultiplierMode.Pid)]
    public void AStepIsAsLargeAsTheViolation(MultiplierMode mode)
    {
        double Step(double violation)
        {
            IMultiplier lambda = Multiplier.Create(mode, new MultiplierOptions { Initial = 1, Budget = 0.5, LearningRate = 0.1, Delay = 0, Derivative = 0 });
            double before = Quantity(lambda.Value);
            lambda.Step([0.5 + violation]);
            return Quantity(lambda.Value) - (mode == MultiplierMode.Pid ? Base() : before);
        }
        double one = Step(0.2);
        Assert.True(one > 0);
        Assert.Equal(2 * one, Step(0.4), 1e-12);
        Assert.Equal(one / 100, Step(0.002), 1e-12);
        Assert.Equal(-one, Step(-0.2), 1e-12);

        // log moves its logarithm
        double Quantity(double value) => mode == MultiplierMode.Log ? Math.Log(value) : value;

        // what a controller gives without a violation
        double Base()
        {
            IMultiplier still = Multiplier.Create(mode, new MultiplierOptions { Initial = 1, Budget = 0.5, LearningRate = 0.1, Delay = 0, Derivative = 0 });
            still.Step([0.5]);
            return still.Value;
        }
    }
}
