using CsCheck;

namespace SafeRlhfV.Guard.Tests;

public sealed class VerdictTests
{
    private static readonly Gen<double[]> Probabilities20 = Gen.Double[0, 1].Array[20];
    private static readonly Gen<double[]> Probabilities4 = Gen.Double[0, 1].Array[4];

    [Fact]
    public void ThresholdsMakeSoundVerdicts() =>
        Gen.Select(Gen.Double[0, 1], Probabilities20, Probabilities4, Gen.Double[0, 1], Gen.Double[0, 1])
            .Sample((score, categories, severities, atUnsafe, atCategory) =>
        {
            Verdict verdict = new GuardThresholds { Unsafe = atUnsafe, Category = atCategory }.Judge(score, categories, severities, "m");
            Assert.Null(verdict.FindFault());
            Assert.Equal(score >= atUnsafe, verdict.IsUnsafe);
            if (!verdict.IsUnsafe) return;
            string[] reached = [.. Enumerable.Range(0, 20).Where(i => categories[i] >= atCategory).Select(i => Taxonomy.Categories[i])];
            if (reached.Length > 0) Assert.Equal(reached, verdict.Flagged);
            else Assert.Equal([Taxonomy.Categories[Array.IndexOf(categories, categories.Max())]], verdict.Flagged);
            Assert.Equal(severities[1..].Max(), severities[(int)verdict.Severity]);
        });

    [Fact]
    public void RejudgingUnderTheSameThresholdsChangesNothing() =>
        Gen.Select(Gen.Double[0, 1], Probabilities20, Probabilities4).Sample((score, categories, severities) =>
        {
            GuardThresholds thresholds = new();
            Verdict once = thresholds.Judge(score, categories, severities, "m");
            Verdict twice = thresholds.Rejudge(once);
            Assert.Equal((once.IsUnsafe, once.Severity), (twice.IsUnsafe, twice.Severity));
            Assert.Equal(once.Flagged, twice.Flagged);
        });

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(-0.01)]
    [InlineData(1.01)]
    public void NoProbabilityMakesNoVerdict(double value)
    {
        Assert.Throws<ArgumentException>(() => new GuardThresholds().Judge(value, new double[20], new double[4], "m"));
        double[] categories = new double[20];
        categories[7] = value;
        Assert.Throws<ArgumentException>(() => new GuardThresholds().Judge(0.2, categories, new double[4], "m"));
        Assert.Throws<ArgumentException>(() => new GuardThresholds().Judge(0.2, new double[20], [0, 0, value, 0], "m"));
    }

    [Fact]
    public void WrongLengthsAreErrors()
    {
        Assert.Throws<ArgumentException>(() => new GuardThresholds().Judge(0.2, new double[19], new double[4], "m"));
        Assert.Throws<ArgumentException>(() => new GuardThresholds().Judge(0.2, new double[20], new double[3], "m"));
    }

    [Fact]
    public void AFailedVerdictStaysFailedUnderAnyThreshold()
    {
        Verdict failed = Verdict.Failed("m", "broken");
        Assert.Same(failed, new GuardThresholds { Unsafe = 1 }.Rejudge(failed));
        Assert.Null(failed.FindFault());
    }
}
