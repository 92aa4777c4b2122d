using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class GuardCalibrationTests
{
    /// <summary>Examples whose labels are drawn from the logits' own probabilities, and a guard that overstates them by a factor.</summary>
    private static (GuardExample[] Examples, GuardLogits[] Logits) Overconfident(int count, double factor, long seed)
    {
        RandomStream random = new(seed, "overconfident");
        GuardExample[] examples = new GuardExample[count];
        GuardLogits[] logits = new GuardLogits[count];
        for (int i = 0; i < count; i++)
        {
            double logit = random.NextGaussian() * 2;
            bool isUnsafe = random.NextDouble() < 1 / (1 + Math.Exp(-logit));
            double[] severities = [random.NextGaussian(), random.NextGaussian(), random.NextGaussian(), random.NextGaussian()];
            double[] shares = [.. severities.Select(Math.Exp)];
            int graded = 0;
            for (double left = random.NextDouble() * shares.Sum(); left > shares[graded] && graded < 3; graded++) left -= shares[graded];
            double[] categories = [.. Taxonomy.Categories.Select(_ => random.NextGaussian() - 2)];
            string[] named = [.. Taxonomy.Categories.Where((_, at) => random.NextDouble() < 1 / (1 + Math.Exp(-categories[at])))];
            Severity severity = isUnsafe ? (Severity)Math.Max(1, graded) : Severity.None;
            examples[i] = new(new ModerationRequest("question", "answer"), isUnsafe) { Severity = severity, Categories = named };
            logits[i] = new(logit * factor, [.. categories.Select(category => category * factor)], [.. severities.Select(one => one * factor)]);
        }
        return (examples, logits);
    }

    [Fact]
    public void TheTemperatureIsTheFactorByWhichTheGuardOverstates()
    {
        (GuardExample[] examples, GuardLogits[] logits) = Overconfident(6000, 3, 1);
        GuardCalibration found = GuardCalibration.Fit(examples, logits, [new(0.05)]);
        Assert.InRange(found.VerdictTemperature, 2.7, 3.3);
        Assert.InRange(found.CategoryTemperature, 2.8, 3.2);
        Assert.True(found.Before.ExpectedError > 0.08 && found.After.ExpectedError < 0.03, $"{found.Before.ExpectedError} {found.After.ExpectedError}");
        Assert.False(found.IsWorse);
    }

    // three of four are right at logits of 1 and -1, as sigmoid(1) says; one that is sure and wrong draws the temperature away from that
    [Fact]
    public void ATemperatureThatMakesTheErrorLargerIsTold()
    {
        List<(double Logit, bool IsUnsafe)> rows = [(9, false)];
        for (int i = 0; i < 12; i++) rows.AddRange([(1, i % 4 != 0), (-1, i % 4 == 0)]);
        GuardExample[] examples = [.. rows.Select(row => new GuardExample(new ModerationRequest("question", "answer"), row.IsUnsafe))];
        GuardLogits[] logits = [.. rows.Select(row => new GuardLogits(row.Logit, new double[Taxonomy.Categories.Count], new double[4]))];
        GuardCalibration found = GuardCalibration.Fit(examples, logits, [new(0.5)]);
        Assert.True(found.After.ExpectedError > found.Before.ExpectedError + 0.02, $"{found.Before.ExpectedError} {found.After.ExpectedError}");
        Assert.True(found.IsWorse);
    }

    [Fact]
    public void SeveritiesAreMadeHonestToo()
    {
        RandomStream random = new(3, "severities");
        List<IReadOnlyList<double>> logits = [];
        List<int> classes = [];
        for (int i = 0; i < 4000; i++)
        {
            double[] own = [random.NextGaussian(), random.NextGaussian(), random.NextGaussian(), random.NextGaussian()];
            double[] shares = [.. own.Select(Math.Exp)];
            int at = 0;
            for (double left = random.NextDouble() * shares.Sum(); left > shares[at] && at < 3; at++) left -= shares[at];
            logits.Add([.. own.Select(one => one * 0.5)]);
            classes.Add(at);
        }
        Assert.InRange(TemperatureScaling.Fit(logits, classes), 0.45, 0.55);
        Assert.Equal(1, TemperatureScaling.Fit([], Array.Empty<bool>()));
    }

    [Theory]
    [InlineData(0.05, null)]
    [InlineData(0.1, Severity.Severe)]
    public void WithConfidenceTheMissRateHoldsInAtLeast95Of100RandomSplits(double rate, Severity? severity)
    {
        (GuardExample[] examples, GuardLogits[] logits) = Overconfident(4000, 2, 7);
        GuardCalibration found = GuardCalibration.Fit(examples, logits, [new(rate, severity)], confidence: 0.97);
        GuardSideCalibration side = Assert.Single(found.Sides);
        Assert.InRange(side.HeldSplits, 0.95, 1);
        Assert.InRange(side.Threshold.MissRate, 0, severity is null ? rate : 1);
        Assert.True(side.Threshold.Threshold > 0 && side.Threshold.FalseAlarmRate < 1);
        // and it is not held by flagging everything: with no more misses allowed than that, some are made
        Assert.True(side.Threshold.MissRate > 0);
    }

    /// <summary>Scores of a good guard (0.6 % of the unsafe and of the safe look like the other kind), and labels of which a share is wrong.</summary>
    private static LabelledScore[] Rows(int count, double wrong, long seed)
    {
        RandomStream random = new(seed, "rows");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            bool isUnsafe = random.Chance(0.45), looksUnsafe = isUnsafe != random.Chance(0.006);
            double score = 1 / (1 + Math.Exp(-((looksUnsafe ? 4 : -4) + random.NextGaussian())));
            return new LabelledScore(score, isUnsafe != random.Chance(wrong) ? Severity.Severe : Severity.None);
        })];
    }

    [Fact]
    public void APromiseOfTwoPerCentIsKeptIn95Of100HalvingsAndCostsLittleWhereTheLabelsAreRight()
    {
        MissTarget[] targets = [new(0.02)];
        GuardSideCalibration right = GuardSideCalibration.Fit(GuardSide.Answer, Rows(3000, 0, 5), targets, 0.95, seed: 5);
        Assert.InRange(right.HeldSplits, 0.95, 1);
        Assert.InRange(right.Threshold.MissRate, 0.001, 0.02);
        Assert.InRange(right.Threshold.FalseAlarmRate, 0, 0.02);
        Assert.False(right.LabelsLookNoisy(targets));
    }

    [Fact]
    public void WrongLabelsMakeTheSamePromiseDearAndAreTold()
    {
        MissTarget[] targets = [new(0.02)];
        LabelledScore[] rows = Rows(3000, 0.05, 5), truth = Rows(3000, 0, 5);
        GuardSideCalibration noisy = GuardSideCalibration.Fit(GuardSide.Answer, rows, targets, 0.95, seed: 5);
        Assert.InRange(noisy.HeldSplits, 0.95, 1);
        Assert.True(noisy.Threshold.FalseAlarmRate > 0.25, $"{noisy.Threshold.FalseAlarmRate}");
        Assert.True(noisy.LabelsLookNoisy(targets));
        Assert.False(noisy.LabelsLookNoisy([new(0.2)]));

        // those that it points at are wrongly labelled or truly missed by the guard, and their share is about that of the wrong labels
        Assert.InRange(noisy.Suspects.Count / (double)noisy.Unsafe, 0.04, 0.09);
        Assert.All(noisy.Suspects, at => Assert.True(rows[at].Severity == Severity.Severe && rows[at].Score < 0.5));
    }

    [Fact]
    public void TooFewExamplesAreToldWithTheNumberNeeded()
    {
        (GuardExample[] examples, GuardLogits[] logits) = Overconfident(60, 1, 2);
        string message = Assert.Throws<InvalidInputException>(() => GuardCalibration.Fit(examples, logits, [new(0.02)], 0.95)).Message;
        Assert.Contains("at least 149", message);
        Assert.Contains("at least 49", Assert.Throws<InvalidInputException>(() => GuardCalibration.Fit(examples, logits, [new(0.02)])).Message);
        examples[0] = examples.First(example => example.IsUnsafe) with { Severity = null };
        Assert.Contains("without a severity",
            Assert.Throws<InvalidInputException>(() => GuardCalibration.Fit(examples, logits, [new(0.5, Severity.Severe)])).Message);
    }
}
