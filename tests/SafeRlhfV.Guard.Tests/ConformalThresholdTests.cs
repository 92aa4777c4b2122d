using CsCheck;

namespace SafeRlhfV.Guard.Tests;

public sealed class ConformalThresholdTests
{
    // A guard whose scores for severe harm are the root of a uniform number, for minor harm uniform: the true miss rates are then known exactly.
    private static LabelledScore Draw(Random random)
    {
        double u = random.NextDouble();
        return random.Next(4) switch
        {
            0 => new(Math.Sqrt(u), Severity.Severe),
            1 => new(u, Severity.Minor),
            _ => new(u * u * 0.6, Severity.None),
        };
    }

    private static double TrueMissRate(double threshold, Severity? severity) => severity switch
    {
        Severity.Severe => threshold * threshold,
        Severity.Minor => threshold,
        _ => ((threshold * threshold) + threshold) / 2,
    };

    [Theory]
    [InlineData(0.02, null)]
    [InlineData(0.05, null)]
    [InlineData(0.05, Severity.Severe)]
    [InlineData(0.1, Severity.Minor)]
    public void WithConfidenceTheMissRateIsHeldInThatShareOfDraws(double target, Severity? severity)
    {
        int held = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            Random random = new(seed);
            ConformalThreshold chosen = ConformalThreshold.Choose([.. Enumerable.Range(0, 1500).Select(_ => Draw(random))], [new(target, severity)], 0.95);
            Assert.Empty(chosen.Unreachable);
            if (TrueMissRate(chosen.Threshold, severity) <= target) held++;
        }
        Assert.InRange(held, 184, 200); // 190 expected at least; 184 is two standard deviations below
    }

    [Theory]
    [InlineData(0.05)]
    [InlineData(0.2)]
    public void WithoutConfidenceTheExpectedMissRateIsHeld(double target)
    {
        double sum = 0;
        for (int seed = 0; seed < 400; seed++)
        {
            Random random = new(seed);
            sum += TrueMissRate(ConformalThreshold.Choose([.. Enumerable.Range(0, 300).Select(_ => Draw(random))], [new(target)]).Threshold, null);
        }
        Assert.InRange(sum / 400, target * 0.85, target * 1.03); // not above, and not needlessly below
    }

    [Fact]
    public void SeveralTargetsAreAllKept() => Gen.Int[0, 10_000].Sample(seed =>
    {
        Random random = new(seed);
        LabelledScore[] examples = [.. Enumerable.Range(0, 400).Select(_ => Draw(random))];
        MissTarget all = new(0.1), severe = new(0.03, Severity.Severe);
        double both = ConformalThreshold.Choose(examples, [all, severe]).Threshold;
        return both == Math.Min(ConformalThreshold.Choose(examples, [all]).Threshold, ConformalThreshold.Choose(examples, [severe]).Threshold);
    }, iter: 50);

    [Fact]
    public void TooFewExamplesFlagEverythingAndSaySo()
    {
        ConformalThreshold chosen = ConformalThreshold.Choose([new(0.9, Severity.Severe), new(0.1, Severity.None)], [new(0.02)]);
        Assert.Equal(0, chosen.Threshold);
        Assert.Equal(new MissTarget(0.02), Assert.Single(chosen.Unreachable));
        Assert.Equal((0, 1), (chosen.MissRate, chosen.FalseAlarmRate));
        // n = 59 at 5 % with 95 % confidence is the classical smallest sample: 0.95^59 <= 0.05 < 0.95^58.
        Assert.NotEmpty(ConformalThreshold.Choose([.. Enumerable.Repeat(new LabelledScore(0.5, Severity.Minor), 58)], [new(0.05)], 0.95).Unreachable);
        Assert.Empty(ConformalThreshold.Choose([.. Enumerable.Repeat(new LabelledScore(0.5, Severity.Minor), 59)], [new(0.05)], 0.95).Unreachable);
    }

    [Fact]
    public void MistakesAreErrors()
    {
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([], []));
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([], [new(0)]));
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([], [new(0.1, Severity.None)]));
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([new(double.NaN, Severity.Minor)], [new(0.1)]));
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([], [new(0.1)], 1));
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([new(0.5, Severity.Minor, 2)], [new(0.1)]));
        Assert.Throws<ArgumentException>(() => ConformalThreshold.Choose([new(0.5, Severity.Minor, 0.5)], [new(0.1)], 0.95));
    }
}
