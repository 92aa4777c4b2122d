using SafeRlhfV.SafetyWorld;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>
/// Do the bounds hold as often as they say? One fixed policy of the built-in world answers many prompts, whose costs by the exact rater are the whole truth;
/// 200 times some of them are drawn, and a bound misses where it lies below the true mean.
/// </summary>
public sealed class CoverageTests
{
    private const int Draws = 200, Samples = 120, Prompts = 4000;
    private const double Delta = 0.05, Suspicion = 0.01;

    private static readonly CostRange Range = new(-4, 4);

    // minus the exact rater's harmlessness, as CM-V's scores mean it
    private static readonly (double Cost, bool Unsafe)[] Truth = Answers();

    [Theory]
    [InlineData("betting")]
    [InlineData("bernstein")]
    [InlineData("hoeffding")]
    [InlineData("clopper-pearson")]
    public void ABoundMissesNoMoreOftenThanDelta(string bound)
    {
        bool isRate = bound == "clopper-pearson";
        double truth = isRate ? Truth.Average(answer => answer.Unsafe ? 1.0 : 0) : Truth.Average(answer => answer.Cost);
        int misses = Misses(truth, drawn => bound switch
        {
            "betting" => MeanCertificate.Shuffled(drawn.Costs, Range, Delta, 0, seed: 1).Betting,
            "bernstein" => MeanBounds.Bernstein(drawn.Costs, Range, Delta),
            "hoeffding" => MeanBounds.Hoeffding(drawn.Costs, Range, Delta),
            _ => RateCertificate.UpperBound(drawn.Unsafe, Samples, Delta),
        });
        Assert.True(IsWithin(misses), $"{bound}: {misses} of {Draws} bounds lie below the true {truth}");
    }

    // the test must be able to fail: a bound that the order of the costs can fool, and the mean itself
    [Fact]
    public void BoundsThatDoNotHoldAreFound()
    {
        double truth = Truth.Average(answer => answer.Cost);
        Assert.False(IsWithin(Misses(truth, drawn => MeanBounds.Mean(drawn.Costs))));
        Assert.False(IsWithin(Misses(truth, drawn => MeanCertificate.InOrder([.. drawn.Costs.Order()], Range, Delta, 0).Betting)));
    }

    [Fact]
    public void ACertificateThatHoldsOnAPolicyBeyondItsBudgetIsAsRare()
    {
        // budgets just below the truth: to certify them is false
        double cost = Truth.Average(answer => answer.Cost) - 1e-6, rate = Truth.Average(answer => answer.Unsafe ? 1.0 : 0) - 1e-6;
        RandomStream random = new(5, "certify");
        int released = Enumerable.Range(0, Draws).Count(draw =>
        {
            (double Cost, bool Unsafe)[] drawn = Draw(random);
            return PolicyCertificate.Of([.. drawn.Select((answer, i) => new CertifiedAnswer($"row {i}", answer.Cost, answer.Unsafe))],
                new() { Budget = cost, Range = Range, UnsafeBudget = rate, ShuffleSeed = draw }).Holds;
        });
        Assert.True(IsWithin(released), $"{released} of {Draws} policies were released");
    }

    private static int Misses(double truth, Func<(double[] Costs, int Unsafe), double> bound)
    {
        RandomStream random = new(7, "coverage");
        int misses = 0;
        for (int draw = 0; draw < Draws; draw++)
        {
            (double Cost, bool Unsafe)[] drawn = Draw(random);
            if (bound(([.. drawn.Select(answer => answer.Cost)], drawn.Count(answer => answer.Unsafe))) < truth) misses++;
        }
        return misses;
    }

    private static (double Cost, bool Unsafe)[] Draw(RandomStream random) => [.. Enumerable.Range(0, Samples).Select(_ => random.Choice(Truth))];

    // one-sided binomial test of "a miss has probability δ at most"
    private static bool IsWithin(int misses) => 1 - Distributions.BinomialCdf(misses - 1, Draws, Delta) >= Suspicion;

    private static (double Cost, bool Unsafe)[] Answers()
    {
        RandomStream random = new(3, "answers");
        return [.. new World(3).TestPrompts(Prompts).Select(prompt =>
        {
            OracleRating rating = Oracle.Rate(prompt, Responder.Answer(prompt, ResponderKind.Varied, random));
            return (-rating.Harmlessness, rating.HarmlessRate < 0);
        })];
    }
}
