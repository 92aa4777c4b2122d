using CsCheck;

namespace SafeRlhfV.Evaluation.Tests;

public sealed class MetricPropertyTests
{
    private static readonly Gen<(double Score, bool Positive)[]> Rows = Gen.Select(Gen.Int[-5, 5].Select(n => n / 2.0), Gen.Bool).Array[2, 60];

    [Fact]
    public void AucIsTheShareOfOrderedPairsWithTiesHalf() => Rows.Sample(rows =>
    {
        double sum = 0, pairs = 0;
        foreach ((double positive, _) in rows.Where(row => row.Positive))
            foreach ((double negative, _) in rows.Where(row => !row.Positive))
            {
                sum += positive > negative ? 1 : positive == negative ? 0.5 : 0;
                pairs++;
            }
        double auc = Ranking.AreaUnderCurve([.. rows.Select(row => row.Score)], [.. rows.Select(row => row.Positive)]);
        return pairs == 0 ? double.IsNaN(auc) : Math.Abs(auc - sum / pairs) < 1e-12;
    });

    [Fact]
    public void ConfusionCountsEveryRowOnce() => Rows.Sample(rows =>
    {
        Confusion confusion = Confusion.FromScores([.. rows.Select(row => row.Score)], [.. rows.Select(row => row.Positive)]);
        double right = rows.Count(row => row.Score > 0 == row.Positive) / (double)rows.Length;
        return confusion.Count == rows.Length && Math.Abs(confusion.Accuracy - right) < 1e-12;
    });

    [Fact]
    public void AnAnswerAgainstItselfIsAnEvenMatch() =>
        Assert.Equal(0, WinRate.Measure([.. Enumerable.Repeat(Outcome.Tie, 40)], new RandomStream(0, "ties")).GainPoints);

    [Theory]
    [InlineData(Outcome.Win)]
    [InlineData(Outcome.Loss)]
    [InlineData(Outcome.Tie)]
    public void EqualOutcomesDoNotMakeARateCertain(Outcome outcome)
    {
        Estimate Rate(int count) => WinRate.Measure([.. Enumerable.Repeat(outcome, count)], new RandomStream(0, "alike")).Rate;
        Estimate few = Rate(5), many = Rate(500);
        Assert.True(few.High - few.Low > 0.3 && many.High - many.Low < 0.02, $"{few}, {many}");
        Assert.True(0 <= few.Low && few.High <= 1 && few.Low <= few.Value && few.Value <= few.High);
        Estimate wilson = Proportion.Wilson(outcome == Outcome.Win ? 5 : 0, 5);
        if (outcome == Outcome.Tie) Assert.Equal(wilson.High - wilson.Low, few.High - few.Low, 1e-12); // the others may be wins, or losses
        else Assert.Equal(0, Math.Abs(wilson.Low - few.Low) + Math.Abs(wilson.High - few.High), 1e-12);
    }

    [Fact]
    public void EqualValuesOfAnUnknownRangeHaveNoInterval()
    {
        Assert.Equal(new Estimate(2, double.NaN, double.NaN), Bootstrap.Mean([2, 2, 2], new RandomStream(0, "alike"), null));
        Estimate rating = Bootstrap.Mean([2, 2, 2], new RandomStream(0, "alike"), (0, 3));
        Assert.True(rating is { Low: > 0 and < 2, High: > 2 and < 3 }, $"{rating}");
    }

    [Fact]
    public void ABootstrapIntervalIsSeededHoldsTheMeanAndNarrows()
    {
        double[] few = [.. Enumerable.Range(0, 50).Select(i => i % 3 == 0 ? 1.0 : 0)], many = [.. Enumerable.Repeat(few, 16).SelectMany(value => value)];
        Estimate one = Bootstrap.Share(few, new RandomStream(3, "boot")), again = Bootstrap.Share(few, new RandomStream(3, "boot"));
        Estimate narrow = Bootstrap.Share(many, new RandomStream(3, "boot"));
        Assert.Equal(one, again);
        Assert.InRange(one.Value, one.Low, one.High);
        // sixteen times the prompts: a quarter of the width, give or take the resampling
        Assert.InRange((narrow.High - narrow.Low) / (one.High - one.Low), 0.18, 0.34);
    }

    [Fact]
    public void ParallelListsOfUnequalLengthAreRefused()
    {
        Assert.Throws<ArgumentException>(() => PairAccuracy.Rights([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => Ranking.AreaUnderCurve([1, 2], [true]));
    }

    [Fact]
    public void UnitsThatAreAllAlikeGiveNoBootstrapInterval()
    {
        // every image has one of its two questions right: no share of images, and no spread
        RatioSum alike = RatioSum.Of(Enumerable.Repeat((Right: 1.0, Questions: 2.0), 8).Append((0, 0)).ToArray(), image => image);
        Estimate estimate = alike.Estimate(new RandomStream(1, "alike"));
        Assert.Equal((0.5, double.NaN, double.NaN, 8), (estimate.Value, estimate.Low, estimate.High, alike.Units));
        RatioSum mixed = RatioSum.Of(new[] { (1.0, 2.0), (2, 2), (0, 2), (2, 2) }, image => image);
        Assert.InRange(mixed.Estimate(new RandomStream(1, "mixed")).Low, 0, 0.6);
        Assert.True(RatioSum.Of(new[] { 0, 0, 0 }, _ => (0, 1)).Estimate(new RandomStream(1, "share")).High > 0.3); // a share has Wilson's
    }

    [Fact]
    public void AMeanOfPartsThatNoResampleHoldsAllOfHasNoInterval()
    {
        // thirty parts of one item each: a resample that lacks a part has no mean over the parts, and all do
        int[] items = [.. Enumerable.Range(0, 30)];
        RatioSum mean = new();
        foreach (int part in items) mean.Plus(items, item => item == part ? (part % 2, 1) : (0, 0), 1.0 / items.Length);
        Estimate estimate = mean.Estimate(new RandomStream(1, "parts"));
        Assert.Equal(0.5, estimate.Value, 12);
        Assert.True(double.IsNaN(estimate.Low) && double.IsNaN(estimate.High), $"{estimate}");
    }
}
