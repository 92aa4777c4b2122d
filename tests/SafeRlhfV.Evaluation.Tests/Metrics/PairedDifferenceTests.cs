namespace SafeRlhfV.Evaluation.Tests;

public sealed class PairedDifferenceTests
{
    [Fact]
    public void TheIntervalIsBonettAndPricesOfAPublishedTable()
    {
        // Fagerland, Lydersen and Laake 2014, airway hyper-responsiveness before and after transplantation: 1 and 7 of 21 pairs discordant
        Estimate difference = Proportion.Difference(1, 7, 21);
        Assert.Equal(-0.286, difference.Value, 3);
        Assert.Equal(-0.508, difference.Low, 3);
        Assert.Equal(-0.013, difference.High, 3);
        Assert.True(double.IsNaN(Proportion.Difference(0, 0, 0).Value));
        Estimate alike = Proportion.Difference(0, 0, 10);
        Assert.Equal((0, true, true), (alike.Value, alike.Low < 0, alike.High > 0));
    }

    [Fact]
    public void IntervalsOfSharesCoverTheTrueDifference()
    {
        RandomStream random = new(7, "paired");
        int covered = 0;
        const int Runs = 400, Items = 80;
        for (int run = 0; run < Runs; run++)
        {
            // 30 % only the first, 15 % only the second
            double[] draws = [.. Enumerable.Range(0, Items).Select(_ => random.NextDouble())];
            Estimate found = RatioSum.Of(draws, draw => (draw < 0.5 ? 1 : 0, 1)).Minus(
                RatioSum.Of(draws, draw => (draw is < 0.2 or >= 0.85 ? 1 : 0, 1)), random).Value;
            if (found.Low <= 0.15 && 0.15 <= found.High) covered++;
        }
        Assert.InRange(covered / (double)Runs, 0.92, 0.98);
    }

    [Fact]
    public void SharesUseTheUnitsThatBothSaySomethingOfAndMeansAPairedBootstrap()
    {
        double[] first = [1, 1, 0, double.NaN, 1], second = [0, 1, 0, 1, double.NaN];
        RatioSum Share(double[] values) => RatioSum.Of(values, value => double.IsNaN(value) ? (0, 0) : (value, 1));
        PairedDifference share = Share(first).Minus(Share(second), new RandomStream(0, "share"));
        Assert.Equal((PairedDifference.BonettPrice, 3, 1 / 3.0), (share.Method, share.Units, share.Value.Value));

        double[] marks = [.. Enumerable.Range(0, 50).Select(i => i / 7.0)];
        PairedDifference shifted = RatioSum.Of(marks, mark => (mark + 2 + 0.01 * (mark % 1), 1)).Minus(RatioSum.Of(marks, mark => (mark, 1)),
            new RandomStream(0, "mean"));
        Assert.Equal(PairedDifference.Bootstrap, shifted.Method);
        // the same units are drawn for both: what they share leaves the difference
        Assert.InRange(shifted.Value.High - shifted.Value.Low, 1e-6, 0.01);
        Assert.InRange(shifted.Value.Value, 2, 2.01);
        Assert.Throws<ArgumentException>(() => Share(first).Minus(Share([1]), new RandomStream(0, "other")));
    }

    [Fact]
    public void KappaHasAnIntervalOverItemsAndIsAgreementsOwn()
    {
        RandomStream random = new(3, "kappa");
        (bool, bool)[][] items = [.. Enumerable.Range(0, 60).Select(i => new[] { (i % 3 == 0, i % 3 == 0 || i % 10 == 1), (i % 2 == 0, i % 2 == 0) })];
        (bool First, bool Second)[] all = [.. items.SelectMany(item => item)];
        Estimate kappa = KappaEstimate.Of(items, random);
        Assert.Equal(Data.Agreement.CohenKappa([.. all.Select(one => one.First)], [.. all.Select(one => one.Second)]), kappa.Value);
        Assert.InRange(kappa.Value, kappa.Low, kappa.High);
        Estimate same = KappaEstimate.Of([[(true, true)], [(false, false)]], random);
        Assert.Equal((1.0, true), (same.Value, double.IsNaN(same.Low)));
        Assert.True(double.IsNaN(KappaEstimate.Of(Array.Empty<(bool, bool)[]>(), random).Value));
    }
}
