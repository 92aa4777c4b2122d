namespace SafeRlhfV.Objectives.Tests;

public sealed class CostConstraintTests
{
    // a cost model that learnt signs of harm: unsafe answers score alike
    private static readonly double[] Costs = [.. Enumerable.Range(0, 100).Select(at => at < 65 ? 1 + 0.002 * at : -1.2)];

    [Theory]
    [InlineData(null, false)]
    [InlineData(-0.9, true)]
    public void ATailThatStartsAtTheBudgetOrBelowChargesEveryUnsafeAnswer(double? bound, bool all)
    {
        CostConstraint constraint = Tail(bound);
        bool[] counts = [.. Costs.Select(_ => true)];
        for (int round = 0; round < 40; round++) constraint.Step(Costs, counts, groupSize: 1);
        double[] charges = constraint.Charges(Costs, counts, groupSize: 1);
        Assert.Equal(4, constraint.Lambda);
        Assert.All(charges[65..], charge => Assert.Equal(0, charge));
        // without the bound the tail begins among the unsafe answers: those below it look as good as safe ones
        Assert.Equal(all, charges[..65].All(charge => charge > 0));
        Assert.Equal(all, constraint.Nu <= -0.9);
    }

    [Fact]
    public void ATailWithinItsBudgetLowersItsMultiplier()
    {
        double[] safe = [.. Costs.Select((_, at) => -1.2 + 0.001 * at)];
        CostConstraint constraint = Tail(-0.9);
        for (int round = 0; round < 40; round++) constraint.Step(safe, [.. safe.Select(_ => true)], groupSize: 1);
        Assert.True(constraint.Value <= -0.9);
        Assert.True(constraint.Lambda < 1);
    }

    [Fact]
    public void ConstraintsInOneCostHaveTheAdvantagesOfEach()
    {
        double[][] costs = [[1, 0, 0.5], [0, 1, 0.25], [0, 0, 3]];
        double[] lambdas = [0.3, 2, 0.7], rewards = [0.1, -0.4, 1], values = [0.2, 0.1, -0.3], logs = [-1, -2, -0.5];
        SafePpoOptions options = new() { KlCoefficient = 0, Gamma = 0.9, GaeLambda = 0.8 };
        double[] joined = Constrained.Join(costs, lambdas);
        for (int row = 0; row < 3; row++)
        {
            double sum = lambdas.Sum();
            double[] whole = Advantages(joined[row]), reward = Shaped(0).Reward!.Advantages;
            for (int t = 0; t < logs.Length; t++)
            {
                double each = Enumerable.Range(0, 3).Sum(k => lambdas[k] * Advantages(costs[k][row])[t]);
                Assert.Equal((reward[t] - each) / (1 + sum), (reward[t] - sum * whole[t]) / (1 + sum), 1e-12);
            }

            double[] Advantages(double cost) => Shaped(cost).Cost!.Advantages;
            ShapedResponse<double> Shaped(double cost) => SafePpo.Estimate(SafePpo.Shape(logs, logs, rewards[row], cost, options), values, values, options);
        }
        Assert.Equal(costs[0], Constrained.Join([costs[0]], [0.7]));
        Assert.Equal([1.0 / 3, 1.0 / 3, 1.25], Constrained.Join(costs, [0, 0, 0]).Select(value => Math.Round(value, 12)), (a, b) => Math.Abs(a - b) < 1e-9);
        Assert.Throws<ArgumentException>(() => Constrained.Join(costs, [1]));
    }

    private static CostConstraint Tail(double? bound) => new(new ConstraintOptions
    {
        Kind = ConstraintKind.Cvar,
        Mode = MultiplierMode.Projected,
        Multiplier = new MultiplierOptions { Initial = 1, Maximum = 4, Budget = -0.9, Window = 100 },
        NuMaximum = bound,
    });
}
